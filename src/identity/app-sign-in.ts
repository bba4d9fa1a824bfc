import { ConfidentialClientApplication } from "@azure/msal-node";
import { RollcallError } from "../error.ts";
import { adminConsentUrl } from "./consent-url.ts";
import type { Credential, CredentialIdentity } from "./credential.ts";
import type { EntraNetwork } from "./entra-network.ts";
import { asRefusal, asTokenError } from "./msal-error.ts";
import type { SignIn } from "./sign-in.ts";
import { isAboutCredential, type Refusal, signInError } from "./sign-in-error.ts";

/** Which app signs in, where and for what. */
export interface AppRegistration {
  readonly clientId: string;
  /** As configured, for messages. */
  readonly tenant: string;
  /** The directory's id. */
  readonly tenantId: string;
  readonly authorityHost: string;
  readonly graphUrl: string;
}

/** What is being done while an app signs in, for messages. */
export function signingIn({
  graphUrl,
  authorityHost,
}: Pick<AppRegistration, "graphUrl" | "authorityHost">): string {
  return `getting a token for ${graphUrl} from ${authorityHost}`;
}

/**
 * Signs in as an app by OAuth 2.0 client credentials, through MSAL and its cache.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export class AppSignIn implements SignIn {
  readonly credential: CredentialIdentity;
  readonly #app: AppRegistration;
  readonly #network: EntraNetwork;
  readonly #msal: ConfidentialClientApplication;

  constructor(credential: Credential, app: AppRegistration, network: EntraNetwork) {
    this.credential = credential.toJSON();
    this.#app = app;
    this.#network = network;
    this.#msal = new ConfidentialClientApplication({
      auth: {
        clientId: app.clientId,
        authority: `${app.authorityHost}/${app.tenantId}`,
        // Without it MSAL asks the public cloud whether it knows the host before it sends anything there.
        knownAuthorities: [new URL(app.authorityHost).host],
        ...credential.proof(),
      },
      system: { networkClient: network },
    });
  }

  token(skipCache: boolean): Promise<string | Refusal> {
    return this.#network.unwrap(() => this.#ask(skipCache));
  }

  async #ask(skipCache: boolean): Promise<string | Refusal> {
    const { graphUrl, authorityHost, tenant, tenantId, clientId } = this.#app;
    const doing = signingIn(this.#app);
    try {
      const scopes = [`${graphUrl}/.default`];
      const result = await this.#msal.acquireTokenByClientCredential({ scopes, skipCache });
      if (!result?.accessToken) throw emptyToken(doing);
      return result.accessToken;
    } catch (error) {
      const refusal = asRefusal(error);
      if (!refusal) throw asTokenError(error, doing);
      if (isAboutCredential(refusal)) return refusal;
      throw signInError(refusal, tenant, clientId, doing, adminConsentUrl(authorityHost, tenantId, clientId));
    }
  }
}

function emptyToken(doing: string): RollcallError {
  return new RollcallError("token-unavailable", {
    doing,
    problem: "the answer holds no token",
    remedy: "This is a fault of the authority host; the next run tries again. Check ROLLCALL_AUTHORITY_HOST.",
  });
}
