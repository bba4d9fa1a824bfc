import { RollcallError } from "../error.ts";
import { type AppRegistration, AppSignIn, signingIn, type WayToEntra } from "./app-sign-in.ts";
import { Credential, type CredentialIdentity } from "./credential.ts";
import type { IdentityTokens } from "./identity-tokens.ts";
import type { SignIn } from "./sign-in.ts";
import { answerOfRefusal, type Refusal, refusalInWords } from "./sign-in-error.ts";

/**
 * Signs in as an app with the managed identity's token in place of a secret: the app has a federated credential that names
 * the identity.
 *
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 */
export class FederatedSignIn implements SignIn {
  readonly credential: CredentialIdentity;
  readonly #assertions: IdentityTokens;
  readonly #audience: string;
  readonly #app: AppRegistration;
  readonly #signIn: AppSignIn;

  /**
   * @param assertions the identity's tokens for `audience`
   * @param audience the cloud's `api://AzureADTokenExchange…`
   */
  constructor(assertions: IdentityTokens, audience: string, app: AppRegistration, way: WayToEntra) {
    const credential = new Credential(
      { kind: "federated", name: undefined, version: undefined, expiresOn: undefined },
      { clientAssertion: () => assertions.get() },
    );
    this.credential = credential.toJSON();
    this.#assertions = assertions;
    this.#audience = audience;
    this.#app = app;
    this.#signIn = new AppSignIn(credential, app, way);
  }

  /** @throws {RollcallError} also `credential-rejected`: there is no other credential to try */
  async token(skipCache: boolean): Promise<string> {
    const token = await this.#signIn.token(skipCache);
    if (typeof token === "string") return token;
    throw this.#rejected(token);
  }

  drop(): void {
    this.#signIn.drop();
  }

  #rejected(refusal: Refusal): RollcallError {
    const { clientId } = this.#app;
    const { issuer, subject } = trustedParty(this.#assertions, this.#app);
    return new RollcallError("credential-rejected", {
      doing: signingIn(this.#app),
      problem: `Entra does not accept the managed identity's assertion for app ${clientId}: ${refusalInWords(refusal)}`,
      answer: answerOfRefusal(refusal),
      remedy:
        `The app needs a federated credential with issuer ${issuer}, subject ${subject} and audience ` +
        `${this.#audience}, each to the letter (infra/graph/register.sh makes it). The subject is the identity's object id, ` +
        "not its client id; the identity is user-assigned and of the app's own tenant. A new one takes minutes to work.",
    });
  }
}

/** What a federated credential must name, to the letter. */
export interface TrustedParty {
  readonly issuer: string;
  /** Object id of the identity. */
  readonly subject: string;
}

/** As the last assertion says; in words what it does not say. */
export function trustedParty(
  { holder }: IdentityTokens,
  { authorityHost, tenantId }: Pick<AppRegistration, "authorityHost" | "tenantId">,
): TrustedParty {
  return {
    issuer: holder?.iss ?? `${authorityHost}/${tenantId}/v2.0`,
    subject: holder?.oid ?? "(the identity's object id)",
  };
}
