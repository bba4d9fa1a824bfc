import { RollcallError } from "../error.ts";
import { manifestPath, prunedManifestPath } from "../snapshot/layout.ts";
import { MAX_MANIFEST_BYTES } from "../snapshot/manifest.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import type { PlannedFolder } from "./prune-plan.ts";

export { type PlannedFolder, planPrune } from "./prune-plan.ts";

/** Blobs that are deleted at a time. */
const AT_ONCE = 8;

/** By the service's error code: why it does not let a blob be deleted. */
const HELD: ReadonlyMap<string | undefined, string> = new Map([
  ["BlobImmutableDueToPolicy", "an immutability policy or a legal hold keeps it"],
  ["ContainerImmutableDueToPolicy", "an immutability policy or a legal hold keeps it"],
  ["LeaseIdMissing", "there is a lease on it"],
  ["SnapshotsPresent", "the blob has snapshots of its own"],
]);

/** What a prune did. */
export interface Pruned {
  /** Snapshots of which only the manifest is left. */
  readonly snapshots: number;
  /** Folders of failed runs that were deleted. */
  readonly failed: number;
  /** What that freed. */
  readonly bytes: number;
  /** One for each folder that the storage did not let go, or not wholly. Oldest first. */
  readonly refused: readonly RollcallError[];
}

/**
 * Deletes what a plan does not keep, oldest first. The order of the writes decides what readers see if the process dies in
 * between:
 *
 * | died after                 | what a reader sees                                                            |
 * | -------------------------- | ----------------------------------------------------------------------------- |
 * | `manifest.pruned.json`     | the snapshot, whole: while it has its manifest, the copy beside it means nothing |
 * | deleting the manifest      | a run that was pruned; the next prune clears the rest                         |
 * | deleting some other blobs  | the same                                                                      |
 *
 * The copy of the manifest stays, and its signature: so the chain holds, and anybody can check that nothing else was put in
 * its place. Nothing is deleted of a snapshot whose manifest the storage keeps; the others are pruned all the same.
 *
 * Call it as the holder of the lock: then no run writes to these folders, or builds on one.
 *
 * @param onFreed told of the bytes of each folder that is done with
 * @throws {RollcallError} the storage's errors, except where it refuses to delete a blob
 */
export async function prune(
  container: Container,
  plan: readonly PlannedFolder[],
  onFreed: (bytes: number) => void = () => undefined,
): Promise<Pruned> {
  const done = { snapshots: 0, failed: 0, bytes: 0 };
  const refused: RollcallError[] = [];
  for (const planned of plan.filter(({ keptBy }) => keptBy.length === 0).reverse()) {
    try {
      if (planned.kind === "snapshot") await withdraw(container, planned);
      await clear(container, planned);
      if (planned.kind === "failed") done.failed++;
      else done.snapshots++;
      done.bytes += planned.bytes;
      onFreed(planned.bytes);
    } catch (error) {
      if (!(error instanceof RollcallError) || error.code !== "storage-refused") throw error;
      refused.push(error);
    }
  }
  return { ...done, refused };
}

/** Leaves a copy of the manifest and deletes the manifest: from here on there is no such snapshot. */
async function withdraw(container: Container, { folder }: PlannedFolder): Promise<void> {
  const path = manifestPath(folder);
  const manifest = await container.fetch(path, MAX_MANIFEST_BYTES);
  if (!manifest) return;
  if (!manifest.body) throw new SnapshotDamaged(path, manifest.problem);
  const copy = prunedManifestPath(folder);
  const isNew = await leave(container, copy, manifest.body);
  try {
    await container.remove(path, manifest.etag);
  } catch (error) {
    if (isNew && isRefused(error)) await takeBack(container, path, copy);
    throw refusal(error, folder.runId, `Nothing of run ${folder.runId} was deleted: it is whole.`);
  }
}

/** Whether the storage answered that it did not delete. After any other failure it may have: then the copy is all that is left. */
function isRefused(error: unknown): boolean {
  return error instanceof RollcallError && ["storage-refused", "storage-denied"].includes(error.code);
}

/** Deletes the copy of a manifest that is still there. One that stays does no harm. */
async function takeBack(container: Container, path: string, copy: string): Promise<void> {
  try {
    // An attempt before the one that was refused may have deleted it.
    if (await container.fetch(path, MAX_MANIFEST_BYTES)) await container.removeOwn(copy);
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
  }
}

/** @returns whether it was written; `false` if it was there already */
async function leave(container: Container, path: string, body: Buffer): Promise<boolean> {
  const found = await container.fetch(path, MAX_MANIFEST_BYTES);
  if (found?.body?.equals(body)) return false;
  if (await container.replace({ path, body, contentType: "application/json" }, found?.etag)) return true;
  throw new RollcallError("storage-refused", {
    doing: `writing ${path}`,
    problem: "somebody else wrote it at the same time, or a policy or lease keeps it as it was",
    remedy: "Nothing of that run was deleted: it is whole. Find out what else writes to its folder.",
  });
}

async function clear(container: Container, { folder, kind, blobs }: PlannedFolder): Promise<void> {
  const rest =
    kind === "failed"
      ? "It was a failed run; the next prune clears what is left."
      : `Run ${folder.runId} counts as pruned; the next prune clears what is left.`;
  for (let at = 0; at < blobs.length; at += AT_ONCE) {
    const removals = blobs.slice(at, at + AT_ONCE).map((path) => container.remove(path));
    const outcomes = await Promise.allSettled(removals);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw refusal(failed.reason, folder.runId, rest);
  }
}

/** The error for a blob that the storage does not let go; any other error as it is. */
function refusal(error: unknown, runId: string, state: string): unknown {
  if (!(error instanceof RollcallError) || error.code !== "storage-refused") return error;
  const { doing, problem, answer } = error;
  return new RollcallError("storage-refused", {
    doing: `pruning run ${runId}, ${doing}`,
    problem: HELD.get(answer?.code) ?? problem,
    answer,
    remedy: `${state} Lift what keeps it or wait until it ends, or let a rule keep the run that long.`,
  });
}
