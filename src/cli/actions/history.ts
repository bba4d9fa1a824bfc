import type { RunManifest, UnreadableRun } from "../../archive/snapshots.ts";
import { formatCount, formatMinute } from "../../words/format.ts";
import { openReadingPlace, runsOrNone } from "../reading.ts";
import { type Column, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { drawChart } from "../terminal-chart.ts";
import { hang } from "../wrap.ts";

const COLUMNS: readonly Column[] = [
  { title: "run" },
  ...["users", "joined", "left", "changed", "enabled", "disabled", "guests"].map(
    (title): Column => ({ title, align: "right" }),
  ),
];

/** A run as `--json` prints it. `null`: the run does not say. */
interface HistoryEntry {
  readonly runId: string;
  readonly finishedAt: string;
  readonly users: number;
  readonly verdict: string;
  /** The run that it was compared with. */
  readonly against: string | null;
  readonly joined: number | null;
  readonly left: number | null;
  readonly changed: number | null;
  readonly enabled: number | null;
  readonly disabled: number | null;
  readonly members: number | null;
  readonly guests: number | null;
}

/** Options of `rollcall history`. */
export interface HistoryOptions {
  /** Runs at most. */
  readonly last: number;
  readonly json?: boolean;
}

/** Shows the figures of the last runs. */
export async function history(terminal: Terminal, { last, json }: HistoryOptions): Promise<void> {
  const { containerName, snapshots } = await openReadingPlace(terminal);
  const runs = (await runsOrNone(snapshots)).slice(0, last);
  const entries = await Array.fromAsync(snapshots.manifests(runs), (run) =>
    "error" in run ? run : asEntry(run),
  );
  if (json) return terminal.printJson(entries);
  if (entries.length === 0) {
    return terminal.print(
      `There are no snapshots yet of tenant ${snapshots.tenantId} in container ${containerName}.`,
    );
  }
  const points = entries.toReversed().map((entry) => ({
    label: "error" in entry ? dateOf(entry.runId) : formatMinute(entry.finishedAt).slice(0, 10),
    count: "error" in entry ? undefined : entry.users,
  }));
  await terminal.print(
    ...formatTable(COLUMNS, entries.map(asRow)),
    ...entries.flatMap(problemOf),
    "",
    ...drawChart("Users", points),
  );
}

function asEntry({ runId, manifest }: RunManifest): HistoryEntry {
  const { finishedAt, completeness, changes, tallies } = manifest;
  return {
    runId,
    finishedAt,
    users: completeness.unique,
    verdict: completeness.verdict,
    against: changes?.against ?? null,
    joined: changes?.joined ?? null,
    left: changes?.left ?? null,
    changed: changes?.changed ?? null,
    enabled: tallies?.enabled ?? null,
    disabled: tallies?.disabled ?? null,
    members: tallies?.members ?? null,
    guests: tallies?.guests ?? null,
  };
}

function asRow(entry: HistoryEntry | UnreadableRun): readonly string[] {
  if ("error" in entry) return [entry.runId, "damaged", "", "", "", "", "", ""];
  const { users, joined, left, changed, enabled, disabled, guests } = entry;
  return [
    entry.runId,
    ...[users, joined, left, changed, enabled, disabled, guests].map((count) =>
      count === null ? "-" : formatCount(count),
    ),
  ];
}

function problemOf(entry: HistoryEntry | UnreadableRun): readonly string[] {
  if (!("error" in entry)) return [];
  return hang(`${entry.runId}: `, `${entry.error.doing}: ${entry.error.problem}`);
}

function dateOf(runId: string): string {
  return `${runId.slice(0, 4)}-${runId.slice(4, 6)}-${runId.slice(6, 8)}`;
}
