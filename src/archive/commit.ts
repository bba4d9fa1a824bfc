import { SECOND } from "../clock.ts";
import { startGrace } from "../deadline.ts";
import { asRollcallError, RollcallError } from "../error.ts";
import type { SigningKey } from "../signature/signing-key.ts";
import { allParts } from "../snapshot/format-parts.ts";
import { folderOf, manifestPath, type RunFolder, signaturePath } from "../snapshot/layout.ts";
import { LATEST_SCHEMA, type Latest, type Manifest, toBytes } from "../snapshot/manifest.ts";
import { checkParts } from "../snapshot/part-lengths.ts";
import type { Run } from "../snapshot/run.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import type { Container } from "../storage/container.ts";
import { warning } from "../warning.ts";
import { moveLatest } from "./latest.ts";
import { SignatureBlob } from "./signature-blob.ts";

const TAKE_BACK_WITHIN_MS = 10 * SECOND;
/** Time to finish a commit after the run was told to stop; the Functions host allows five seconds. */
const FINISH_WITHIN_MS = 3 * SECOND;

/** What a commit takes besides the manifest. */
export interface CommitOptions {
  /** Signs the manifest, which has the key's entry in it; absent: the manifest is not signed. */
  readonly signer: SigningKey | undefined;
  /** Waited for when all is ready and nothing is published yet; what it throws ends the commit. */
  readonly beforeManifest: () => Promise<void>;
}

/**
 * Commits a snapshot. The order of the writes decides what readers see if the process dies in between:
 *
 * | died after        | what a reader sees                                                        |
 * | ----------------- | ------------------------------------------------------------------------- |
 * | some or all parts | a folder without a manifest: no snapshot; `latest` is yesterday's         |
 * | the signature     | the same: a signature without a manifest means nothing                    |
 * | the manifest      | a whole snapshot, found by listing; `latest` is yesterday's, itself whole |
 * | `latest`          | the new snapshot                                                          |
 *
 * So no committed manifest lacks its signature: a manifest that cannot be signed is never written.
 *
 * A run that is told to stop before the manifest is sent stops at once; after that, it has three seconds to finish. If
 * writing the manifest fails, the parts and the signature are deleted, but only if it is certain that there is no manifest.
 *
 * @returns warnings of what happened once the manifest was written, which is no failure any more
 * @throws {RollcallError} `snapshot-exists`, `snapshot-damaged` when a part is not stored as it was sent, `signing-failed`,
 *   storage errors; nothing is published then, or the error says that it is not known
 */
export async function commitSnapshot(
  { container, folder }: Pick<Run, "container" | "folder">,
  manifest: Manifest,
  { signer, beforeManifest }: CommitOptions,
): Promise<readonly string[]> {
  await checkParts(container, folder, allParts(manifest));
  const body = toBytes(manifest);
  await using signature = new SignatureBlob(container, folder);
  if (signer) await signature.write(await signer.sign(body));
  await beforeManifest();
  signature.keep();
  using grace = startGrace(container.signal, FINISH_WITHIN_MS);
  const finishing = container.withSignal(grace.signal);
  const path = manifestPath(folder);
  const outcome = await finishing.tryPutOnce({ path, body, contentType: "application/json" });
  if (outcome.kind === "failed") {
    if (outcome.isAbsent) await takeBack(container, folder, manifest);
    else if (grace.signal.aborted) throw leftUndecided(asRollcallError(grace.signal.reason), manifest.runId);
    throw outcome.error;
  }
  return await pointLatestAt(finishing, manifest, sha256Of(body));
}

/**
 * Moves `latest.json` to a run that is committed, also for one whose process died before it could.
 *
 * @param sha256 of the manifest's bytes
 * @returns a warning if it was not moved
 */
export async function pointLatestAt(
  container: Container,
  { tenantId, runId, completeness, finishedAt }: Manifest,
  sha256: string,
): Promise<readonly string[]> {
  const why = await whyNotMoved(container, tenantId, {
    schema: LATEST_SCHEMA,
    runId,
    manifest: manifestPath(folderOf(tenantId, runId)),
    sha256,
    users: completeness.unique,
    finishedAt,
  });
  if (why === undefined) return [];
  return [warning("latest-not-moved", `run ${runId} is committed, but latest.json was not moved: ${why}`)];
}

/** The error for a commit that was interrupted. It must not claim that nothing was published. */
function leftUndecided({ code, doing, problem }: RollcallError, runId: string): RollcallError {
  return new RollcallError(code, {
    doing,
    problem: `${problem}, while the manifest was being written`,
    remedy: `\`rollcall list\` shows run ${runId} if it was committed. It is whole then, and the next run moves latest.json.`,
  });
}

/** Moves `latest.json`, or says why not. The snapshot is already committed, and the next run makes up for a failure. */
async function whyNotMoved(
  container: Container,
  tenantId: string,
  latest: Latest,
): Promise<string | undefined> {
  try {
    return await moveLatest(container, tenantId, latest);
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    return `${error.doing}: ${error.problem} (${error.code})`;
  }
}

/** Deletes the parts and the signature. A failure is ignored: what is left does no harm, and the error that led here matters more. */
async function takeBack(container: Container, folder: RunFolder, manifest: Manifest): Promise<void> {
  const cleaning = container.withSignal(AbortSignal.timeout(TAKE_BACK_WITHIN_MS));
  const paths = [...allParts(manifest).map(({ name }) => `${folder.path}/${name}`), signaturePath(folder)];
  await Promise.allSettled(paths.map((path) => cleaning.removeOwn(path)));
}
