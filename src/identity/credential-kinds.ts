import type { TokenCredential } from "@azure/identity";
import { RollcallError } from "../error.ts";
import type { CredentialSetting, VaultCredential } from "../settings/credential-setting.ts";
import type { Settings } from "../settings/settings.ts";
import { type AppRegistration, AppSignIn, signingIn, type WayToEntra } from "./app-sign-in.ts";
import { Credential, credentialVersions, type SkippedVersion } from "./credential.ts";
import type { EntraContext } from "./entra-network.ts";
import { FederatedSignIn } from "./federated-sign-in.ts";
import { type Accepted, firstAccepted } from "./first-accepted.ts";
import { IdentityTokens } from "./identity-tokens.ts";
import { ManagedIdentitySignIn } from "./managed-identity-sign-in.ts";
import type { SignIn } from "./sign-in.ts";
import { openVault, type Vault } from "./vault.ts";
import type { VaultReads } from "./vault-reads.ts";

/** What there is to sign in with. */
export interface Means {
  readonly settings: Pick<Settings, "tenant" | "cloud">;
  readonly credential: CredentialSetting;
  /** The directory's id. */
  readonly tenantId: string;
  /** Opens the vault that holds the credential, or is the credential. */
  readonly identity: TokenCredential;
  readonly way: WayToEntra;
  readonly context: EntraContext;
  /** What other runs of the process have read of the vault; absent: it is read for this run alone. */
  readonly vaultReads?: VaultReads | undefined;
}

/**
 * Signs in with the kind of credential that the settings name.
 *
 * @throws {RollcallError} when Entra, Key Vault or the identity refuses
 */
export async function signInBy(means: Means): Promise<Accepted> {
  const { credential, settings, identity, way, context } = means;
  const { graphUrl, exchangeAudience } = settings.cloud;
  switch (credential.kind) {
    case "certificate":
    case "secret":
      return await signInFromVault(credential, means);
    case "federated": {
      const assertions = new IdentityTokens(identity, exchangeAudience, context);
      const app = appOf(credential.clientId, means);
      return await accept(new FederatedSignIn(assertions, exchangeAudience, app, way));
    }
    case "managed-identity":
      return await accept(new ManagedIdentitySignIn(new IdentityTokens(identity, graphUrl, context)));
  }
}

/**
 * Signs in with a credential in Key Vault. What was read for another run is not trusted beyond a refusal: it is dropped, and
 * the vault is asked again, if a version of it will not do.
 */
async function signInFromVault(credential: VaultCredential, means: Means): Promise<Accepted> {
  const { identity, context, vaultReads } = means;
  const vault = openVault(credential, identity, context);
  if (!vaultReads) return await signInWith(vault, credential, means);
  const shared = vaultReads.share(vault, context.signal);
  try {
    const accepted = await signInWith(shared, credential, means);
    if (accepted.passedOver.length === 0 || !vaultReads.forget(vault)) return accepted;
  } catch (error) {
    if (!isAboutVersions(error) || !vaultReads.forget(vault)) throw error;
  }
  return await signInWith(shared, credential, means);
}

/** Whether a new version in the vault would help. */
function isAboutVersions(error: unknown): boolean {
  return (
    error instanceof RollcallError &&
    ["credential-rejected", "credential-unusable", "certificate-unreadable"].includes(error.code)
  );
}

/** Tries the versions of a Key Vault object, newest first. */
async function signInWith(vault: Vault, credential: VaultCredential, means: Means): Promise<Accepted> {
  const { way, context } = means;
  const app = appOf(credential.clientId, means);
  async function* signIns(): AsyncGenerator<SignIn | SkippedVersion, void, undefined> {
    for await (const found of credentialVersions(vault, credential, () => context.clock.now())) {
      yield found instanceof Credential ? new AppSignIn(found, app, way) : found;
    }
  }
  return await firstAccepted(signIns(), { ...credential, subject: vault.subject, doing: signingIn(app) });
}

async function accept(signIn: FederatedSignIn | ManagedIdentitySignIn): Promise<Accepted> {
  return { signIn, token: await signIn.token(false), passedOver: [] };
}

function appOf(clientId: string, { settings, tenantId }: Means): AppRegistration {
  const { authorityHost, graphUrl } = settings.cloud;
  return { clientId, tenant: settings.tenant, tenantId, authorityHost, graphUrl };
}
