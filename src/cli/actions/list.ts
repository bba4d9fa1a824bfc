import {
  isUnreadable,
  type RunSummary,
  type Snapshots,
  type UnreadableRun,
} from "../../archive/snapshots.ts";
import { formatBytes, formatCount, formatMinute } from "../../words/format.ts";
import { failedLastRun } from "../../words/last-run-words.ts";
import { openReadingPlace, runsOrNone } from "../reading.ts";
import { type Column, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { hang } from "../wrap.ts";

const COLUMNS: readonly Column[] = [
  { title: "run" },
  { title: "finished (UTC)" },
  { title: "users", align: "right" },
  { title: "counted", align: "right" },
  { title: "verdict" },
  { title: "parts", align: "right" },
  { title: "size", align: "right" },
];

/** Options of `rollcall list`. */
export interface ListOptions {
  /** Runs at most. */
  readonly limit: number;
  readonly json?: boolean;
}

/** Lists the committed snapshots. */
export async function list(terminal: Terminal, options: ListOptions): Promise<void> {
  const { limit, json } = options;
  const { containerName, snapshots } = await openReadingPlace(terminal);
  const runs = await runsOrNone(snapshots);
  const latest = await latestRun(snapshots);
  const entries = await Array.fromAsync(snapshots.list(runs.slice(0, limit)));
  if (json) {
    const isLatest = ({ runId }: { readonly runId: string }) => runId === latest.runId;
    return terminal.printJson(entries.map((entry) => ({ ...entry, latest: isLatest(entry) })));
  }
  const failed = failedLastRun(await snapshots.lastRun(), runs[0]);
  const lastNight = failed === undefined ? [] : hang("! Last run: ", failed);
  if (runs.length === 0) {
    const none = `No snapshot of tenant ${snapshots.tenantId} yet in container ${containerName}.`;
    return terminal.print(none, ...lastNight);
  }
  const older = runs.length - entries.length;
  await terminal.print(
    ...formatTable(COLUMNS, entries.map(asRow)),
    ...entries.flatMap(problemOf),
    ...(older > 0 ? [`${formatCount(older)} older: rollcall list --limit ${runs.length}`] : []),
    ...hang("Latest: ", latest.runId ?? latest.problem),
    ...lastNight,
  );
}

/** An unreadable `latest.json` must not hide the snapshots. */
async function latestRun(
  snapshots: Snapshots,
): Promise<{ readonly runId?: string; readonly problem: string }> {
  try {
    const latest = await snapshots.pointer();
    return { ...(latest && { runId: latest.runId }), problem: "none, latest.json is missing" };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { problem: `unknown (${error.doing}: ${error.problem})` };
  }
}

function asRow(entry: RunSummary | UnreadableRun): readonly string[] {
  if ("error" in entry) return [entry.runId, "", "", "", "damaged", "", ""];
  return [
    entry.runId,
    formatMinute(entry.finishedAt),
    formatCount(entry.users),
    entry.counted === null ? "none" : formatCount(entry.counted),
    entry.verdict,
    formatCount(entry.parts),
    formatBytes(entry.bytes),
  ];
}

function problemOf(entry: RunSummary | UnreadableRun): readonly string[] {
  if (!("error" in entry)) return [];
  return hang(`${entry.runId}: `, `${entry.error.doing}: ${entry.error.problem}`);
}
