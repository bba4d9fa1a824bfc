import type { Clock } from "../clock.ts";
import type { CredentialSetting } from "../settings/credential-setting.ts";
import { type AppRegistration, AppSignIn } from "./app-sign-in.ts";
import { Credential, credentialVersions, type SkippedVersion } from "./credential.ts";
import type { EntraNetwork } from "./entra-network.ts";
import type { SignIn } from "./sign-in.ts";
import type { Vault } from "./vault.ts";

/** What there is to sign in with. */
export interface Means {
  readonly credential: CredentialSetting;
  /** Holds the credential. */
  readonly vault: Vault;
  readonly app: AppRegistration;
  /** The way to Entra. */
  readonly network: EntraNetwork;
  readonly clock: Clock;
}

/**
 * The ways to sign in with the credential that the settings name, best first. Secrets and certificates are versions of a
 * Key Vault object; a kind of credential that is kept elsewhere branches off here, as one {@link SignIn}.
 */
export async function* signIns(means: Means): AsyncGenerator<SignIn | SkippedVersion, void, undefined> {
  const { credential, vault, app, network, clock } = means;
  for await (const found of credentialVersions(vault, credential, () => clock.now())) {
    yield found instanceof Credential ? new AppSignIn(found, app, network) : found;
  }
}
