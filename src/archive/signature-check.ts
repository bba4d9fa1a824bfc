import { RollcallError } from "../error.ts";
import { MAX_JWS_BYTES } from "../signature/jws.ts";
import type { PublicKeys } from "../signature/public-keys.ts";
import { type SignatureFinding, verifySignature } from "../signature/verify-signature.ts";
import type { Finding } from "../snapshot/contradictions.ts";
import { type RunFolder, signaturePath } from "../snapshot/layout.ts";
import type { Container } from "../storage/container.ts";
import { warning } from "../warning.ts";
import type { WholeRun } from "./stored-runs.ts";

/** What a run demands of the snapshot that it builds on. */
export interface SignatureDemand {
  /** One of these must have signed it; absent: it need not be signed. */
  readonly keys: PublicKeys | undefined;
  /** Lets one through that none of them has signed, this once. */
  readonly acceptUnsigned: boolean;
}

/**
 * Reads what is stored of a manifest's signature, and checks it.
 *
 * @param keys absent: only what can be told without a key is checked
 * @throws {RollcallError} `verification-key-unusable`, and the storage's errors
 */
export async function checkSignature(
  container: Container,
  { folder, manifest, bytes }: WholeRun,
  keys: PublicKeys | undefined,
): Promise<SignatureFinding> {
  const jws = await container.fetch(signaturePath(folder), MAX_JWS_BYTES);
  if (jws && !jws.body) return { state: "invalid", why: `manifest.jws cannot be read: ${jws.problem}` };
  return verifySignature({ manifest: bytes, entry: manifest.signature, jws: jws?.body }, keys);
}

/** What is wrong with a signature, as findings about `manifest.jws`. */
export function signatureFindings(
  folder: RunFolder,
  found: SignatureFinding,
  isRequired: boolean,
): readonly Finding[] {
  const blob = signaturePath(folder);
  if (found.state === "invalid") return [{ blob, problem: found.why }];
  if (!isRequired || found.state === "valid") return [];
  const problem =
    found.state === "absent" ? "the manifest is not signed" : "no key was given to check it with";
  return [{ blob, problem: `${problem}, and a signature is required` }];
}

/**
 * Makes sure that a snapshot is signed before a run builds on it.
 *
 * @returns a warning for the manifest if one was let through that is not
 * @throws {RollcallError} `predecessor-unsigned`, and the errors of {@link checkSignature}
 */
export async function requireSigned(
  container: Container,
  run: WholeRun,
  { keys, acceptUnsigned }: SignatureDemand,
): Promise<readonly string[]> {
  if (!keys) return [];
  const found = await checkSignature(container, run, keys);
  if (found.state === "valid") return [];
  const { runId } = run.folder;
  const problem = found.state === "invalid" ? found.why : "it is not signed";
  if (acceptUnsigned) return [warning("unsigned-accepted", `run ${runId} was built on, although ${problem}`)];
  throw new RollcallError("predecessor-unsigned", {
    doing: `checking the signature of run ${runId}, on which this run would build`,
    problem,
    remedy:
      `Nothing was published. Find out who wrote that run, and check it with \`rollcall verify ${runId}\`. If it can be ` +
      "trusted, `rollcall snapshot --accept-unsigned` builds on it, this once; otherwise move its folder away.",
  });
}
