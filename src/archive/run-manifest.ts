import { RollcallError } from "../error.ts";
import { manifestContradictions } from "../snapshot/contradictions.ts";
import { folderOf, type RunFolder } from "../snapshot/layout.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { readPrunedManifest, requireManifest, type StoredManifest } from "./reader.ts";
import { isUnreadable } from "./unreadable.ts";

/** Manifests that are read at a time. */
const AT_ONCE = 8;

/** The manifest of a committed run. It does not contradict itself; whether its parts are what it says was not checked. */
export interface RunManifest {
  readonly runId: string;
  readonly manifest: Manifest;
  /** Lower-case hex SHA-256 of the manifest's bytes. */
  readonly manifestSha256: string;
}

/** A manifest that cannot be used. */
export interface UnreadableRun {
  readonly runId: string;
  /** The error's fields, as they are logged. */
  readonly error: Record<string, unknown>;
}

/**
 * Reads the manifests of runs, eight at a time, and nothing else. A manifest that is damaged, gone or of an unknown schema
 * is not an error here, because it must not hide other runs.
 *
 * Memory: the manifests that were read ahead of the consumer.
 *
 * @param runs ids; the results come in their order
 * @param pruned those of which only the manifest is left, which is read, also of a run that is pruned meanwhile; absent:
 *   such runs are gone
 * @throws {RollcallError} the storage's errors
 * @internal
 */
export async function* readManifests(
  container: Container,
  tenantId: string,
  runs: readonly string[],
  pruned?: ReadonlySet<string>,
): AsyncGenerator<RunManifest | UnreadableRun, void, undefined> {
  const reads: Promise<RunManifest | UnreadableRun>[] = [];
  const start = (runId: string) => {
    const read = readRunManifest(container, folderOf(tenantId, runId), pruned);
    // If it fails while an earlier one is awaited, the error is thrown when its turn comes.
    read.catch(() => undefined);
    reads.push(read);
  };
  runs.slice(0, AT_ONCE).forEach(start);
  let next = AT_ONCE;
  for (let read = reads.shift(); read; read = reads.shift()) {
    const run = await read;
    const runId = runs[next++];
    if (runId !== undefined) start(runId);
    yield run;
  }
}

async function readRunManifest(
  container: Container,
  folder: RunFolder,
  pruned: ReadonlySet<string> | undefined,
): Promise<RunManifest | UnreadableRun> {
  const { runId } = folder;
  try {
    const { manifest, bytes } = await readStored(container, folder, pruned);
    const [finding] = manifestContradictions(manifest, folder);
    if (finding) throw new SnapshotDamaged(finding.blob, finding.problem);
    return { runId, manifest, manifestSha256: sha256Of(bytes) };
  } catch (error) {
    if (!isUnreadable(error) && !isGone(error)) throw error;
    return { runId, error: error.toJSON() };
  }
}

async function readStored(
  container: Container,
  folder: RunFolder,
  pruned: ReadonlySet<string> | undefined,
): Promise<StoredManifest> {
  const left = pruned?.has(folder.runId) ? await readPrunedManifest(container, folder) : undefined;
  if (left) return left;
  try {
    return await requireManifest(container, folder);
  } catch (error) {
    const since = pruned && isGone(error) ? await readPrunedManifest(container, folder) : undefined;
    if (!since) throw error;
    return since;
  }
}

/** Whether a run was deleted after it had been listed. */
function isGone(error: unknown): error is RollcallError {
  return error instanceof RollcallError && error.code === "snapshot-not-found";
}
