import { MAX_LINE_BYTES } from "../rows/line-limit.ts";
import type { Finding } from "../snapshot/contradictions.ts";
import { changesPartName, type RunFolder } from "../snapshot/layout.ts";
import type { ChangesEntry } from "../snapshot/manifest.ts";
import { partLines } from "../snapshot/part-reader.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { type ChangeRecord, parseChange } from "./change.ts";
import { CHANGE_KINDS } from "./change-kind.ts";

/** A line of changes holds a user's values before and after, and repeats two names. */
const MAX_CHANGE_LINE_BYTES = 4 * MAX_LINE_BYTES;

/**
 * The changes that a run wrote, some hundred at a time. Each part's hash is verified before its first change.
 *
 * @throws {RollcallError} `snapshot-damaged` naming the blob
 */
export async function* readChanges(
  container: Container,
  folder: RunFolder,
  { parts }: ChangesEntry,
): AsyncGenerator<readonly ChangeRecord[], void, undefined> {
  for (const part of parts) {
    for await (const lines of partLines(container, folder, part, { maxLineBytes: MAX_CHANGE_LINE_BYTES })) {
      yield lines.map((line) => {
        const change = parseChange(Buffer.from(line));
        if (change) return change;
        throw new SnapshotDamaged(`${folder.path}/${part.name}`, "one of its lines is not a change");
      });
    }
  }
}

/**
 * Reads a run's changes again and checks them against its manifest.
 *
 * @returns what is wrong; reading stops at the first damaged part
 * @throws {RollcallError} the storage's errors
 */
export async function changeFindings(
  container: Container,
  folder: RunFolder,
  changes: ChangesEntry,
): Promise<readonly Finding[]> {
  const blob = `${folder.path}/${changesPartName(0)}`;
  if (changes.parts.some(({ name }, index) => name !== changesPartName(index))) {
    return [{ blob, problem: "the manifest names the parts of the changes wrongly" }];
  }
  const counts = { joined: 0, left: 0, changed: 0 };
  try {
    for await (const records of readChanges(container, folder, changes)) {
      for (const { change } of records) counts[change]++;
    }
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    return [{ blob: error.blob, problem: error.problem }];
  }
  return CHANGE_KINDS.filter((kind) => counts[kind] !== changes[kind]).map((kind) => ({
    blob,
    problem: `the manifest says ${changes[kind]} ${kind}; the changes have ${counts[kind]}`,
  }));
}
