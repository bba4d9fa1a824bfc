import type { TokenCredential } from "@azure/identity";
import { RollcallError } from "../error.ts";
import type { Settings } from "../settings/settings.ts";
import { warning } from "../warning.ts";
import { signingIn } from "./app-sign-in.ts";
import type { CredentialIdentity } from "./credential.ts";
import { signInBy } from "./credential-kinds.ts";
import { type EntraContext, EntraNetwork } from "./entra-network.ts";
import { expiryWarning } from "./expiry-warning.ts";
import type { Accepted } from "./first-accepted.ts";
import { MsalApps } from "./msal-apps.ts";
import { readClaims } from "./token-claims.ts";
import type { VaultReads } from "./vault-reads.ts";

/**
 * Refuses a token of another tenant: it would list that one's users, and they would go for this one's. One that cannot be
 * read is let through, because its form may change.
 */
function checkTenant({ token, signIn }: Accepted, tenantId: string, doing: string): void {
  const own = readClaims(token)?.tid;
  if (own === undefined || own.toLowerCase() === tenantId) return;
  signIn.drop();
  throw new RollcallError("token-unavailable", {
    doing,
    problem: `the token is of tenant ${own}, and not of ${tenantId}`,
    remedy:
      "Check the tenant in the settings. A managed identity reads its own tenant only: for another one, set " +
      "ROLLCALL_CREDENTIAL to certificate, secret or federated.",
  });
}

/** App-only tokens for Microsoft Graph. */
export interface TokenSource extends AsyncDisposable {
  /** A token with at least five minutes left, from MSAL's cache or from Entra. */
  get(): Promise<string>;
  /**
   * A new token after `refused` was answered with 401. When another caller has renewed it meanwhile, that one. A managed
   * identity's is the same again for as long as the platform keeps it.
   */
  renew(refused: string): Promise<string>;
  /** Has no later run of the process use the last token: Graph refused it something, or the run is done. */
  drop(): void;
  /**
   * The credential that Entra accepted last.
   *
   * @throws {Error} before the first token
   */
  credential(): CredentialIdentity;
  /** What the person on call should know although the run went well: versions that were skipped, an end that is near. */
  warnings(): readonly string[];
}

/** What a token source needs besides the settings. */
export interface TokenOptions extends EntraContext {
  /** The directory's id. */
  readonly tenantId: string;
  /** Opens the vault that holds the credential, or is the credential. */
  readonly identity: TokenCredential;
  /** What other runs of the process have read of the vault; absent: it is read for this source alone. */
  readonly vaultReads?: VaultReads | undefined;
  /** The apps of MSAL that runs of the process share; absent: this source has its own. */
  readonly msalApps?: MsalApps | undefined;
}

/**
 * Gets tokens with the credential that the settings name.
 *
 * Of one in Key Vault the newest version is tried first; on `invalid_client` the next enabled, unexpired one. The same
 * happens again when Entra stops taking a credential in the middle of a long run.
 */
export function openTokenSource(settings: Settings, options: TokenOptions): TokenSource {
  const { tenantId, identity, clock, vaultReads, msalApps = new MsalApps() } = options;
  const { tenant, credential, cloud } = settings;
  const { authorityHost } = cloud;
  const network = new EntraNetwork({ authorityHost, tenant, doing: signingIn(cloud) }, options);
  const way = { network, msalApps };
  const means = { settings, credential, tenantId, identity, way, context: options, vaultReads };
  let accepted: Accepted | undefined;
  let underway: Promise<string> | undefined;

  async function next(refused: string | undefined): Promise<string> {
    if (accepted && refused !== undefined && accepted.token !== refused) return accepted.token;
    const token = await accepted?.signIn.token(refused !== undefined);
    const found = accepted && typeof token === "string" ? { ...accepted, token } : await signInBy(means);
    // Before anybody can have it.
    checkTenant(found, tenantId, signingIn(cloud));
    accepted = found;
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
    drop: () => accepted?.signIn.drop(),
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
