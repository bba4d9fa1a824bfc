import type { Command } from "commander";
import type { StoredSnapshot } from "../../archive/snapshots.ts";
import type { Change } from "../../changes/change.ts";
import { CHANGE_KINDS, type ChangeKind } from "../../changes/change-kind.ts";
import { compareSnapshots } from "../../changes/compare.ts";
import { compareSelections, type Selection } from "../../changes/selection.ts";
import { ChangeSummary } from "../change-summary.ts";
import { Destination } from "../destination.ts";
import type { OutputFormat } from "../output-format.ts";
import { openReadingPlace } from "../reading.ts";
import { ReadingProgress } from "../reading-progress.ts";
import type { Terminal } from "../terminal.ts";
import { unknownProperty } from "../unknown-property.ts";
import { openOutput } from "../user-output.ts";

/** Options of `rollcall diff`. */
export interface DiffOptions {
  readonly change?: readonly ChangeKind[];
  readonly property?: readonly string[];
  readonly limit: number;
  /** Whether differences make the command exit with 1; then a failure makes it exit with 3. */
  readonly exitCode?: boolean;
  readonly output: OutputFormat;
  readonly out?: string;
}

/** Of a change as a line of JSON, and of CSV. */
const FIELDS = ["id", "change", "userPrincipalName", "displayName", "before", "after"] as const;

/** Shows what changed between two snapshots. */
export async function diff(
  terminal: Terminal,
  from: string | undefined,
  to: string | undefined,
  options: DiffOptions,
  command: Command,
): Promise<void> {
  const { change: kinds = CHANGE_KINDS, property: names = [], limit, exitCode, output, out } = options;
  const isTable = output === "table";
  if (exitCode) terminal.failureExitCode = 3;
  if (names.length > 0 && !kinds.includes("changed")) {
    command.error("--property is about users who changed; it needs --change changed");
  }
  await using destination = await Destination.open(terminal, out);
  using progress = new ReadingProgress(terminal, output === "json" || output === "ndjson");
  const { snapshots } = await openReadingPlace(terminal, progress.count);
  const after = await snapshots.open(to);
  const before = from === undefined ? await snapshots.before(after) : await snapshots.open(from);
  const selection = compareSelections(before.manifest.source.properties, after.manifest.source.properties);
  const stranger = names.find((name) => !selection.common.some((common) => common.name === name));
  if (stranger !== undefined) command.error(notCompared(stranger, after.folder.runId, selection));
  const isWanted = ({ kind, properties }: Change) =>
    kinds.includes(kind) && (names.length === 0 || properties.some((name) => names.includes(name)));
  const changes = wantedChanges(before, after, isWanted, terminal.io.signal);
  progress.expect("", mostBytes(before) + mostBytes(after));
  let differs = false;
  const summary = new ChangeSummary(limit);
  const listing = openOutput(isTable ? "ndjson" : output, { properties: FIELDS, width: destination.width });
  const form = output === "csv" ? "text" : "json";
  // Nothing is written, not even the head, before something has been compared.
  let begun = listing.head;
  for await (const some of changes) {
    differs = true;
    if (isTable) {
      for (const change of some) summary.add(change);
      continue;
    }
    const rows = listing.rows(some.map(({ line }) => line.toString()));
    if (!(await destination.write(begun + rows, form))) break;
    begun = "";
  }
  progress.clear();
  if (isTable) {
    const heading = `From ${before.folder.runId} to ${after.folder.runId}`;
    await destination.print(
      differs ? heading : `${heading}: no differences`,
      ...summary.lines(kinds, selection.notCompared),
    );
  } else await destination.write(begun + listing.tail, form);
  await destination.publish();
  if (exitCode && differs) terminal.exitCode = 1;
}

/** Stored bytes that comparing may read of a snapshot; fewer where fingerprints tell which parts are alike. */
function mostBytes({ manifest: { parts, fingerprints = [] } }: StoredSnapshot): number {
  return [...parts, ...fingerprints].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The changes that were asked for, in batches that are never empty. */
async function* wantedChanges(
  before: StoredSnapshot,
  after: StoredSnapshot,
  isWanted: (change: Change) => boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly Change[], void, undefined> {
  for await (const changes of compareSnapshots(before.side, after.side, { signal })) {
    const wanted = changes.filter(isWanted);
    if (wanted.length > 0) yield wanted;
  }
}

function notCompared(name: string, runId: string, { notCompared, common }: Selection): string {
  if (notCompared.includes(name)) return `only one of the runs selected ${name}; it cannot be compared`;
  const names = common.map((property) => property.name);
  return unknownProperty(runId, name, names);
}
