import path from "node:path";
import { systemClock } from "../clock.ts";
import { openAzureIdentity } from "../identity/azure-identity.ts";
import { readSigningKey } from "../settings/settings.ts";
import { openVerifier } from "../signature/open-keys.ts";
import { type PublicKeys, readKeyFile } from "../signature/public-keys.ts";
import { environmentOf } from "./environment.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Opens what signatures are checked with: a file, or else the vault that the settings name.
 *
 * @param file public keys, see {@link readKeyFile}
 * @returns `undefined` where neither is given
 * @throws {RollcallError} `verification-key-unusable`, `settings-invalid`
 */
export async function openPublicKeys(
  file: string | undefined,
  terminal: Terminal,
): Promise<PublicKeys | undefined> {
  const { cwd, signal } = terminal.io;
  if (file !== undefined) return readKeyFile(path.resolve(cwd, file));
  const key = readSigningKey(environmentOf(terminal));
  // Asked for at any time while snapshots are read; its attempts are counted.
  const context = { clock: systemClock, signal, deadlineMs: Number.POSITIVE_INFINITY };
  return openVerifier(key, openAzureIdentity(), context);
}
