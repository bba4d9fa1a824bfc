import { RollcallError } from "../error.ts";
import { adminConsentUrl } from "./consent-url.ts";
import type { ClientProof, Credential, CredentialIdentity } from "./credential.ts";
import type { EntraNetwork } from "./entra-network.ts";
import type { MsalApp, MsalApps } from "./msal-apps.ts";
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

/** How an app gets to Entra. */
export interface WayToEntra {
  /** The run's own. */
  readonly network: EntraNetwork;
  /** The run's own, or those that it shares with others. */
  readonly msalApps: MsalApps;
}

/** What is being done while an app signs in, for messages. */
export function signingIn({
  graphUrl,
  authorityHost,
}: Pick<AppRegistration, "graphUrl" | "authorityHost">): string {
  return `getting a token for ${graphUrl} from ${authorityHost}`;
}

/**
 * Signs in as an app by OAuth 2.0 client credentials, through MSAL and its caches. What is refused, or whose token is, is not
 * shared with later runs.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export class AppSignIn implements SignIn {
  readonly credential: CredentialIdentity;
  readonly #app: AppRegistration;
  readonly #way: WayToEntra;
  readonly #proof: ClientProof;
  readonly #msal: MsalApp;

  constructor(credential: Credential, app: AppRegistration, way: WayToEntra) {
    this.credential = credential.toJSON();
    this.#app = app;
    this.#way = way;
    this.#proof = credential.proof();
    this.#msal = way.msalApps.open(app, this.#proof);
  }

  token(skipCache: boolean): Promise<string | Refusal> {
    // Somebody refused the last one.
    if (skipCache) this.drop();
    return this.#way.network.unwrap(() => this.#ask(skipCache));
  }

  drop(): void {
    this.#way.msalApps.drop(this.#app, this.#msal);
  }

  async #ask(skipCache: boolean): Promise<string | Refusal> {
    const { graphUrl, authorityHost, tenant, tenantId, clientId } = this.#app;
    const doing = signingIn(this.#app);
    try {
      const caller = { network: this.#way.network, proof: this.#proof };
      const result = await this.#msal.token(caller, `${graphUrl}/.default`, skipCache);
      if (!result?.accessToken) throw emptyToken(doing);
      return result.accessToken;
    } catch (error) {
      const refusal = asRefusal(error);
      if (!refusal) throw asTokenError(error, doing);
      this.drop();
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
