import { SECOND } from "../clock.ts";
import { startGrace } from "../deadline.ts";
import { asRollcallError, RollcallError } from "../error.ts";
import type { Container } from "../storage/container.ts";
import { partsOfAllFormats } from "./format-parts.ts";
import { latestPath, manifestPath, type RunFolder } from "./layout.ts";
import {
  damaged,
  LATEST_SCHEMA,
  type Latest,
  type Manifest,
  parseLatest,
  sha256Of,
  toBytes,
} from "./manifest.ts";
import type { PartEntry } from "./part.ts";

const DOCUMENT_TYPE = "application/json";
const MAX_MOVES = 5;
/** For the manifest and `latest` of a run that is told to stop meanwhile; the Functions host allows five seconds. */
const FINISH_WITHIN_MS = 3 * SECOND;

/** What happens around a commit. */
export interface CommitOptions {
  /** Waited for when all is ready and nothing is published yet; what it throws ends the commit. */
  readonly beforeManifest?: () => Promise<void>;
}

/**
 * Makes a snapshot true. In this order, so that a process which dies in between leaves readers with:
 *
 * | died after        | what a reader sees                                                        |
 * | ----------------- | ------------------------------------------------------------------------- |
 * | some or all parts | a folder without manifest: no snapshot; `latest` is yesterday's           |
 * | the manifest      | a whole snapshot, found by listing; `latest` is yesterday's, itself whole |
 * | `latest`          | the new snapshot                                                          |
 *
 * A run that is told to stop before the manifest is sent stops; after that it has three seconds to finish, as nobody
 * could tell any more whether there is a snapshot.
 *
 * @throws {RollcallError} `snapshot-exists`, `snapshot-damaged` when a part is not stored as it was sent, storage errors
 */
export async function commitSnapshot(
  container: Container,
  folder: RunFolder,
  manifest: Manifest,
  { beforeManifest }: CommitOptions = {},
): Promise<void> {
  await checkParts(container, folder, partsOfAllFormats(manifest));
  await beforeManifest?.();
  using grace = startGrace(container.signal, FINISH_WITHIN_MS);
  const finishing = container.withSignal(grace.signal);
  const path = manifestPath(folder);
  const body = toBytes(manifest);
  try {
    await finishing.putOnce({ path, body, contentType: DOCUMENT_TYPE });
    await moveLatest(finishing, folder.tenantId, {
      schema: LATEST_SCHEMA,
      runId: manifest.runId,
      manifest: path,
      sha256: sha256Of(body),
      users: manifest.completeness.unique,
      finishedAt: manifest.finishedAt,
    });
  } catch (error) {
    throw grace.signal.aborted ? leftUndecided(asRollcallError(grace.signal.reason), manifest.runId) : error;
  }
}

/** The error for a commit that was broken off: "nothing was published" would be saying too much. */
function leftUndecided({ code, doing, problem }: RollcallError, runId: string): RollcallError {
  return new RollcallError(code, {
    doing,
    problem: `${problem}, while the manifest or latest.json was being written`,
    remedy: `\`rollcall list\` shows run ${runId} if it was committed: it is whole then, and the next run moves latest.json.`,
  });
}

/** What `latest.json` says; `undefined` before the first snapshot. */
export async function readLatest(container: Container, tenantId: string): Promise<Latest | undefined> {
  const path = latestPath(tenantId);
  const blob = await container.read(path);
  return blob && parseLatest(blob.body, path);
}

/**
 * Checks that each part is stored in its full length.
 *
 * @throws {RollcallError} `snapshot-damaged` naming the blob
 */
export async function checkParts(
  container: Container,
  folder: RunFolder,
  parts: readonly PartEntry[],
): Promise<void> {
  const stored = new Map<string, number>();
  for await (const { path, bytes } of container.list(`${folder.path}/`)) stored.set(path, bytes);
  for (const { name, bytes } of parts) {
    const path = `${folder.path}/${name}`;
    const found = stored.get(path);
    if (found === undefined) throw damaged(path, "the blob is missing");
    if (found !== bytes) throw damaged(path, `the blob has ${found} bytes; the manifest says ${bytes}`);
  }
}

/** Moves the pointer forward, never back: a slow run that ends after a later one leaves the later one's pointer. */
async function moveLatest(container: Container, tenantId: string, latest: Latest): Promise<void> {
  const path = latestPath(tenantId);
  for (let moves = 1; moves <= MAX_MOVES; moves++) {
    const current = await container.read(path);
    if (current && parseLatest(current.body, path).runId >= latest.runId) return;
    const upload = { path, body: toBytes(latest), contentType: DOCUMENT_TYPE };
    if (await container.replace(upload, current?.etag)) return;
  }
  throw new RollcallError("storage-refused", {
    doing: `moving ${path}`,
    problem: `it changed under our hands ${MAX_MOVES} times`,
    remedy:
      "The snapshot is whole and `rollcall list` shows it; find out what else writes latest.json. The next run moves it.",
  });
}
