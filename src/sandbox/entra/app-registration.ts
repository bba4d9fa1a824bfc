import { createHash, type KeyObject, randomBytes, randomUUID, X509Certificate } from "node:crypto";

/** A client secret of the app. */
export interface AppSecret {
  /** The secret itself. */
  readonly value: string;
  /** `undefined` means never. */
  readonly expiresOn: Date | undefined;
}

/** A certificate that the app may sign its assertions with. */
export interface AppCertificate {
  /** Key that verifies assertions. */
  readonly publicKey: KeyObject;
  /** base64url SHA-1 of the DER certificate, as in `x5t`. */
  readonly sha1: string;
  /** base64url SHA-256 of the DER certificate, as in `x5t#S256`. */
  readonly sha256: string;
  /** End of validity. */
  readonly expiresOn: Date;
}

/** Whose tokens the app takes in place of a secret. Each value must match to the letter. */
export interface FederatedCredential {
  /** `iss` of the tokens, as in the issuer's OpenID configuration. */
  readonly issuer: string;
  /** `sub` of the tokens: for a managed identity its object id. */
  readonly subject: string;
  /** The name that the tokens' audience goes by, such as `api://AzureADTokenExchange`. */
  readonly audience: string;
}

/** The app registration. Its credentials and consented app roles decide which tokens are issued. */
export class AppRegistration {
  /** Application (client) id. */
  readonly clientId: string;
  /** Object id of the app's service principal. */
  readonly principalId = randomUUID();
  /** App roles with admin consent. Changes affect only tokens that are issued afterwards. */
  readonly roles = new Set(["User.Read.All"]);
  /** Whether the directory knows the app. One that never consented does not. */
  isInstalled = true;
  /** Federated credentials; none at first. Entra takes 20 at the most. */
  readonly federatedCredentials: FederatedCredential[];
  readonly #secrets: AppSecret[];
  readonly #certificates: AppCertificate[];

  /** @param home the registration whose credentials it has; by default it is one itself */
  constructor(clientId: string, home?: AppRegistration) {
    this.clientId = clientId;
    this.federatedCredentials = home?.federatedCredentials ?? [];
    this.#secrets = home ? home.#secrets : [];
    this.#certificates = home ? home.#certificates : [];
  }

  /** The same app in another directory: the same credentials, with a service principal and a consent of its own. */
  elsewhere(): AppRegistration {
    return new AppRegistration(this.clientId, this);
  }

  /** Adds a client secret; a random one by default. */
  addSecret(secret: { readonly value?: string; readonly expiresOn?: Date } = {}): AppSecret {
    const value = secret.value ?? `sbx8Q~${randomBytes(26).toString("base64url").slice(0, 34)}`;
    const added = { value, expiresOn: secret.expiresOn };
    this.#secrets.push(added);
    return added;
  }

  /** Removes a client secret. */
  revokeSecret(value: string): void {
    const at = this.#secrets.findIndex((secret) => secret.value === value);
    if (at >= 0) this.#secrets.splice(at, 1);
  }

  /** Registers the certificate in a PEM text; a private key in it is ignored. */
  addCertificate(pem: string): void {
    this.#certificates.push(readCertificate(pem));
  }

  /** Removes a certificate. */
  revokeCertificate(pem: string): void {
    const { sha256 } = readCertificate(pem);
    const at = this.#certificates.findIndex((certificate) => certificate.sha256 === sha256);
    if (at >= 0) this.#certificates.splice(at, 1);
  }

  /** The secret with this value. */
  findSecret(value: string): AppSecret | undefined {
    return this.#secrets.find((secret) => secret.value === value);
  }

  /** The certificate with this thumbprint, of either kind. */
  findCertificate(thumbprint: {
    readonly sha1?: unknown;
    readonly sha256?: unknown;
  }): AppCertificate | undefined {
    return this.#certificates.find(
      ({ sha1, sha256 }) => sha256 === thumbprint.sha256 || sha1 === thumbprint.sha1,
    );
  }
}

function readCertificate(pem: string): AppCertificate {
  const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (block === undefined) throw new TypeError("no certificate in this PEM text");
  const certificate = new X509Certificate(block);
  return {
    publicKey: certificate.publicKey,
    sha1: createHash("sha1").update(certificate.raw).digest("base64url"),
    sha256: createHash("sha256").update(certificate.raw).digest("base64url"),
    expiresOn: new Date(certificate.validTo),
  };
}
