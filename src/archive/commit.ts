import { SECOND } from "../clock.ts";
import { startGrace } from "../deadline.ts";
import { asRollcallError, RollcallError } from "../error.ts";
import { allParts } from "../snapshot/format-parts.ts";
import { manifestPath, type RunFolder } from "../snapshot/layout.ts";
import { LATEST_SCHEMA, type Latest, type Manifest, toBytes } from "../snapshot/manifest.ts";
import { checkParts } from "../snapshot/part-lengths.ts";
import type { Run } from "../snapshot/run.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import type { Container } from "../storage/container.ts";
import { warning } from "../warning.ts";
import { moveLatest } from "./latest.ts";

const TAKE_BACK_WITHIN_MS = 10 * SECOND;
/** For the manifest and `latest` of a run that is told to stop meanwhile; the Functions host allows five seconds. */
const FINISH_WITHIN_MS = 3 * SECOND;

/**
 * Makes a snapshot true. In this order, so that a process which dies in between leaves readers with:
 *
 * | died after        | what a reader sees                                                        |
 * | ----------------- | ------------------------------------------------------------------------- |
 * | some or all parts | a folder without manifest: no snapshot; `latest` is yesterday's           |
 * | the manifest      | a whole snapshot, found by listing; `latest` is yesterday's, itself whole |
 * | `latest`          | the new snapshot                                                          |
 *
 * A run that is told to stop before the manifest is sent stops; after that it has three seconds to finish. When the
 * manifest cannot be written, the parts are taken back if there is certainly none; if there may be one they stay, for it.
 *
 * @param beforeManifest waited for when all is ready and nothing is published yet; what it throws ends the commit
 * @returns warnings of what happened once the manifest was written, which is no failure any more
 * @throws {RollcallError} `snapshot-exists`, `snapshot-damaged` when a part is not stored as it was sent, storage errors;
 *   nothing is published then, or the error says that it is not known
 */
export async function commitSnapshot(
  { container, folder }: Pick<Run, "container" | "folder">,
  manifest: Manifest,
  beforeManifest: () => Promise<void>,
): Promise<readonly string[]> {
  await checkParts(container, folder, allParts(manifest));
  await beforeManifest();
  using grace = startGrace(container.signal, FINISH_WITHIN_MS);
  const finishing = container.withSignal(grace.signal);
  const path = manifestPath(folder);
  const body = toBytes(manifest);
  const outcome = await finishing.tryPutOnce({ path, body, contentType: "application/json" });
  if (outcome.kind === "failed") {
    if (outcome.isAbsent) await takeBack(container, folder, manifest);
    else if (grace.signal.aborted) throw leftUndecided(asRollcallError(grace.signal.reason), manifest.runId);
    throw outcome.error;
  }
  const why = await whyNotMoved(finishing, folder.tenantId, {
    schema: LATEST_SCHEMA,
    runId: manifest.runId,
    manifest: path,
    sha256: sha256Of(body),
    users: manifest.completeness.unique,
    finishedAt: manifest.finishedAt,
  });
  return why === undefined
    ? []
    : [
        warning(
          "latest-not-moved",
          `run ${manifest.runId} is committed, but latest.json was not moved: ${why}`,
        ),
      ];
}

/** The error for a commit that was broken off: "nothing was published" would be saying too much. */
function leftUndecided({ code, doing, problem }: RollcallError, runId: string): RollcallError {
  return new RollcallError(code, {
    doing,
    problem: `${problem}, while the manifest was being written`,
    remedy: `\`rollcall list\` shows run ${runId} if it was committed: it is whole then, and the next run moves latest.json.`,
  });
}

/** The snapshot is committed by now: whatever keeps `latest.json` from moving, the next run makes up for it. */
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

/** Deletes the parts; what cannot be deleted harms nobody, and the error that led here matters more. */
async function takeBack(container: Container, folder: RunFolder, manifest: Manifest): Promise<void> {
  const cleaning = container.withSignal(AbortSignal.timeout(TAKE_BACK_WITHIN_MS));
  const paths = allParts(manifest).map(({ name }) => `${folder.path}/${name}`);
  await Promise.allSettled(paths.map((path) => cleaning.removeOwn(path)));
}
