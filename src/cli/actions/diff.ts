import type { Command } from "commander";
import type { StoredSnapshot } from "../../archive/snapshots.ts";
import type { Change } from "../../changes/change.ts";
import { CHANGE_KINDS, type ChangeKind } from "../../changes/change-kind.ts";
import { compareSnapshots } from "../../changes/compare.ts";
import { compareSelections, type Selection } from "../../changes/selection.ts";
import { ChangeSummary } from "../change-summary.ts";
import { Destination } from "../destination.ts";
import { openReadingPlace } from "../reading.ts";
import type { Terminal } from "../terminal.ts";
import { unknownProperty } from "../unknown-property.ts";

/** Options of `rollcall diff`. */
export interface DiffOptions {
  readonly change?: readonly ChangeKind[];
  readonly property?: readonly string[];
  readonly limit: number;
  /** Whether differences make the command exit with 1; then a failure makes it exit with 3. */
  readonly exitCode?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

/** Shows what changed between two snapshots. */
export async function diff(
  terminal: Terminal,
  from: string | undefined,
  to: string | undefined,
  options: DiffOptions,
  command: Command,
): Promise<void> {
  const { change: kinds = CHANGE_KINDS, property: names = [], limit, exitCode, out, json } = options;
  if (exitCode) terminal.failureExitCode = 3;
  if (names.length > 0 && !kinds.includes("changed")) {
    command.error("--property is about users who changed; it needs --change changed");
  }
  await using destination = await Destination.open(terminal, out);
  const { snapshots } = await openReadingPlace(terminal);
  const after = await snapshots.open(to);
  const before = from === undefined ? await snapshots.before(after) : await snapshots.open(from);
  const selection = compareSelections(before.manifest.source.properties, after.manifest.source.properties);
  const stranger = names.find((name) => !selection.common.some((common) => common.name === name));
  if (stranger !== undefined) command.error(notCompared(stranger, after.folder.runId, selection));
  const isWanted = ({ kind, properties }: Change) =>
    kinds.includes(kind) && (names.length === 0 || properties.some((name) => names.includes(name)));
  const changes = wantedChanges(before, after, isWanted, terminal.io.signal);
  let differs = false;
  const summary = new ChangeSummary(limit);
  for await (const some of changes) {
    differs = true;
    if (!json) for (const change of some) summary.add(change);
    else if (!(await destination.write(some.map(({ line }) => `${line}\n`).join(""), "json"))) break;
  }
  if (!json) {
    const heading = `From ${before.folder.runId} to ${after.folder.runId}`;
    await destination.print(
      differs ? heading : `${heading}: no differences`,
      ...summary.lines(kinds, selection.notCompared),
    );
  }
  await destination.publish();
  if (exitCode && differs) terminal.exitCode = 1;
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
