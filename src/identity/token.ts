import type { Settings } from "../settings/settings.ts";
import { warning } from "../warning.ts";
import { signingIn } from "./app-sign-in.ts";
import type { CredentialIdentity } from "./credential.ts";
import { signIns } from "./credential-kinds.ts";
import { type EntraContext, EntraNetwork } from "./entra-network.ts";
import { expiryWarning } from "./expiry-warning.ts";
import { type Accepted, firstAccepted } from "./first-accepted.ts";
import type { Vault } from "./vault.ts";

/** App-only tokens for Microsoft Graph. */
export interface TokenSource extends AsyncDisposable {
  /** A token with at least five minutes left, from MSAL's cache or from Entra. */
  get(): Promise<string>;
  /**
   * A new token after `refused` was answered with 401. When another caller has renewed it meanwhile, that one.
   */
  renew(refused: string): Promise<string>;
  /**
   * The credential that Entra accepted last.
   *
   * @throws {Error} before the first token
   */
  credential(): CredentialIdentity;
  /** What the person on call should know although the run went well: versions passed over, an end that is near. */
  warnings(): readonly string[];
}

/** What a token source needs besides the settings. */
export interface TokenOptions extends EntraContext {
  /** The directory's id. */
  readonly tenantId: string;
  readonly vault: Vault;
}

/**
 * Gets tokens with the credential that the settings name.
 *
 * The newest version of the credential is tried first; on `invalid_client` the next enabled, unexpired one. The same
 * happens again when Entra stops taking a credential in the middle of a long run.
 */
export function openTokenSource(settings: Settings, options: TokenOptions): TokenSource {
  const { tenantId, vault, clock } = options;
  const { tenant, clientId } = settings;
  const { authorityHost, graphUrl } = settings.cloud;
  const app = { clientId, tenant, tenantId, authorityHost, graphUrl };
  const doing = signingIn(app);
  const network = new EntraNetwork({ authorityHost, tenant, doing }, options);
  const means = { credential: settings.credential, vault, app, network, clock };
  const sought = { ...settings.credential, subject: vault.subject, clientId, doing };
  let accepted: Accepted | undefined;
  let underway: Promise<string> | undefined;

  async function next(refused: string | undefined): Promise<string> {
    if (accepted && refused !== undefined && accepted.token !== refused) return accepted.token;
    const token = await accepted?.signIn.token(refused !== undefined);
    accepted =
      accepted && typeof token === "string"
        ? { ...accepted, token }
        : await firstAccepted(signIns(means), sought);
    return accepted.token;
  }

  /** One request to Entra at a time; whoever comes meanwhile shares its outcome. */
  function shared(refused?: string): Promise<string> {
    underway ??= next(refused).finally(() => {
      underway = undefined;
    });
    return underway;
  }

  return {
    get: () => shared(),
    renew: async (refused) => {
      const token = await shared(refused);
      // The outcome shared may be that of a get() which was under way already.
      return token === refused ? shared(refused) : token;
    },
    credential: () => {
      if (!accepted) throw new Error("no token was asked for yet");
      return accepted.signIn.credential;
    },
    warnings: () => {
      const { passedOver = [], signIn } = accepted ?? {};
      return [
        ...passedOver.map((text) => warning("credential-passed-over", text)),
        ...expiryWarning(signIn?.credential, clock.now()).map((text) => warning("credential-expires", text)),
      ];
    },
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
  };
}
