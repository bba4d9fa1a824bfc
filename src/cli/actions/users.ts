import type { Command } from "commander";
import { totalBytes } from "../../words/manifest-words.ts";
import type { Condition } from "../condition.ts";
import { Destination } from "../destination.ts";
import type { OutputFormat } from "../output-format.ts";
import { openReadingPlace } from "../reading.ts";
import { ReadingProgress } from "../reading-progress.ts";
import { RowFilter } from "../row-filter.ts";
import type { Terminal } from "../terminal.ts";
import { unknownProperty } from "../unknown-property.ts";
import { openOutput, type UserOutput } from "../user-output.ts";

/** Options of `rollcall users`. */
export interface UsersOptions {
  readonly output: OutputFormat;
  readonly out?: string;
  readonly select?: readonly string[];
  readonly where?: readonly Condition[];
  /** Users at most; absent: all. */
  readonly limit?: number;
}

/** Writes the users of a snapshot. */
export async function users(
  terminal: Terminal,
  run: string | undefined,
  options: UsersOptions,
  command: Command,
): Promise<void> {
  const { output: format, select, where = [], limit } = options;
  await using destination = await Destination.open(terminal, options.out);
  // Anywhere else the users themselves show how far it is.
  using progress = new ReadingProgress(terminal, !destination.isFile || format === "json");
  const { snapshots } = await openReadingPlace(terminal, progress.count);
  const snapshot = await snapshots.open(run);
  const { properties } = snapshot.manifest.source;
  const asked = [...(select ?? []), ...where.map(({ property }) => property)];
  const unknown = asked.find((name) => !properties.includes(name));
  if (unknown !== undefined) command.error(unknownProperty(snapshot.folder.runId, unknown, properties));
  progress.expect(snapshot.folder.runId, totalBytes(snapshot.manifest));
  if (format === "ndjson" && asked.length === 0 && limit === undefined && destination.takesBytes) {
    // As they are stored: nothing is decoded.
    for await (const block of snapshot.blocks()) if (!(await destination.writeBytes(block))) return;
    return destination.publish();
  }
  const output = openOutput(format, { properties, select, width: destination.width });
  const wanted = fitting(new RowFilter(properties, where), snapshot.lineBatches(), limit);
  const form = format === "csv" || format === "table" ? "text" : "json";
  for await (const text of textsOf(output, wanted)) if (!(await destination.write(text, form))) return;
  await destination.publish();
  const leftOut = output.leftOut();
  if (leftOut.length > 0) terminal.note(`No room for ${leftOut.join(", ")}: --select fewer.`);
}

/** What is to be written. Nothing is, not even the head, before the first part has been checked. */
async function* textsOf(
  { head, rows, tail }: UserOutput,
  batches: AsyncIterable<readonly string[]>,
): AsyncGenerator<string, void, undefined> {
  let begun = head;
  for await (const lines of batches) {
    yield begun + rows(lines);
    begun = "";
  }
  if (begun + tail !== "") yield begun + tail;
}

/** Those who fit, in batches that are never empty; what comes after the last of them is not read. */
async function* fitting(
  filter: RowFilter,
  batches: AsyncIterable<readonly string[]>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly string[], void, undefined> {
  let left = limit;
  for await (const lines of batches) {
    const kept = filter.keep(lines).slice(0, left);
    if (kept.length > 0) yield kept;
    left -= kept.length;
    if (left === 0) return;
  }
}
