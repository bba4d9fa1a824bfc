import type { RunManifest, UnreadableRun } from "../../archive/snapshots.ts";
import { formatCount, formatMinute } from "../../words/format.ts";
import { Destination } from "../destination.ts";
import { writeListing } from "../listing-output.ts";
import type { OutputFormat } from "../output-format.ts";
import { noRuns, openReadingPlace, runsOrNone } from "../reading.ts";
import { ReadingProgress } from "../reading-progress.ts";
import { type RunRange, runsIn } from "../run-range.ts";
import { type Column, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { drawChart } from "../terminal-chart.ts";
import { hang } from "../wrap.ts";

/** Counts in the table. */
const COUNTS = ["users", "joined", "left", "changed", "enabled", "disabled", "notTold", "guests"] as const;

const TITLES: Readonly<Partial<Record<(typeof COUNTS)[number], string>>> = { notTold: "not told" };

/** Of CSV. */
const FIELDS = [
  "runId",
  "finishedAt",
  "users",
  "verdict",
  "against",
  "joined",
  "left",
  "changed",
  "enabled",
  "disabled",
  "notTold",
  "members",
  "guests",
  "error",
] as const;

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
  /** Users of whom Graph says neither: these three add up to all. */
  readonly notTold: number | null;
  readonly members: number | null;
  readonly guests: number | null;
}

/** Options of `rollcall history`. */
export interface HistoryOptions extends RunRange {
  readonly output: OutputFormat;
  readonly out?: string;
  /** As `limit`, its former name. */
  readonly last?: number;
}

/** Shows the figures of the last runs. */
export async function history(terminal: Terminal, options: HistoryOptions): Promise<void> {
  const { output, out, last, limit } = options;
  await using destination = await Destination.open(terminal, out);
  using progress = new ReadingProgress(terminal, output === "json" || output === "ndjson");
  const { containerName, snapshots } = await openReadingPlace(terminal, progress.count);
  const stored = await runsOrNone(snapshots);
  const runs = runsIn(stored, { ...options, limit: last ?? limit });
  const entries = await Array.fromAsync(snapshots.manifests(runs), (run) =>
    "error" in run ? run : asEntry(run),
  );
  progress.clear();
  if (output !== "table")
    await writeListing(
      destination,
      output,
      FIELDS,
      entries.map((entry) => ({ ...entry })),
    );
  else if (entries.length > 0) await destination.print(...describe(entries));
  else await destination.print(noRuns(snapshots, containerName, stored.length));
  await destination.publish();
}

function describe(entries: readonly (HistoryEntry | UnreadableRun)[]): readonly string[] {
  const points = entries.toReversed().map((entry) => ({
    label: "error" in entry ? dateOf(entry.runId) : formatMinute(entry.finishedAt).slice(0, 10),
    count: "error" in entry ? undefined : entry.users,
  }));
  // As in the report, it is left out where nobody is in it.
  const anyNotTold = entries.some((entry) => !("error" in entry) && (entry.notTold ?? 0) > 0);
  const counts = COUNTS.filter((name) => name !== "notTold" || anyNotTold);
  const columns: readonly Column[] = [
    { title: "run" },
    ...counts.map((name) => ({ title: TITLES[name] ?? name, align: "right" }) as const),
  ];
  return [
    ...formatTable(
      columns,
      entries.map((entry) => asRow(entry, counts)),
    ),
    ...entries.flatMap(problemOf),
    "",
    ...drawChart("Users", points),
  ];
}

function asEntry({ runId, manifest }: RunManifest): HistoryEntry {
  const { finishedAt, completeness, changes, tallies } = manifest;
  const { enabled = null, disabled = null } = tallies ?? {};
  return {
    runId,
    finishedAt,
    users: completeness.unique,
    verdict: completeness.verdict,
    against: changes?.against ?? null,
    joined: changes?.joined ?? null,
    left: changes?.left ?? null,
    changed: changes?.changed ?? null,
    enabled,
    disabled,
    notTold: enabled === null || disabled === null ? null : completeness.unique - enabled - disabled,
    members: tallies?.members ?? null,
    guests: tallies?.guests ?? null,
  };
}

function asRow(
  entry: HistoryEntry | UnreadableRun,
  counts: readonly (typeof COUNTS)[number][],
): readonly string[] {
  if ("error" in entry) return [entry.runId, ...counts.map((_, at) => (at === 0 ? "damaged" : ""))];
  const cells = counts.map((name) => entry[name]);
  return [entry.runId, ...cells.map((count) => (count === null ? "-" : formatCount(count)))];
}

function problemOf(entry: HistoryEntry | UnreadableRun): readonly string[] {
  if (!("error" in entry)) return [];
  return hang(`${entry.runId}: `, `${entry.error.doing}: ${entry.error.problem}`);
}

function dateOf(runId: string): string {
  return `${runId.slice(0, 4)}-${runId.slice(4, 6)}-${runId.slice(6, 8)}`;
}
