import type { Snapshots, StoredSnapshot } from "../../archive/snapshots.ts";
import { RollcallError } from "../../error.ts";
import { formatBytes, formatCount, formatDuration, formatTime, plural } from "../../words/format.ts";
import { failedLastRun } from "../../words/last-run-words.ts";
import {
  completenessInWords,
  credentialInWords,
  durationMs,
  effortInWords,
  signatureInWords,
} from "../../words/manifest-words.ts";
import { lastNight } from "../last-night.ts";
import { openReadingPlace } from "../reading.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { hang, labelled } from "../wrap.ts";

/** Options of `rollcall show`. */
export interface ShowOptions {
  readonly json?: boolean;
}

/** Shows a manifest. */
export async function show(
  terminal: Terminal,
  run: string | undefined,
  { json }: ShowOptions,
): Promise<void> {
  const { snapshots } = await openReadingPlace(terminal);
  const snapshot = await openOrTell(snapshots, run);
  const { isLatest, folder, manifest } = snapshot;
  const failed = isLatest ? await lastNight(snapshots, folder.runId) : [];
  if (!json) return terminal.print(...describe(snapshot, Date.now()), ...failed);
  await terminal.printJson(manifest);
  terminal.complain(...failed);
}

/** Opens a snapshot; where the tenant has none yet, its last run may say why. */
async function openOrTell(snapshots: Snapshots, run: string | undefined): Promise<StoredSnapshot> {
  try {
    return await snapshots.open(run);
  } catch (error) {
    if (!(error instanceof RollcallError && error.code === "snapshot-not-found")) throw error;
    const isLatest = run === undefined || run === "latest";
    const failed = isLatest ? failedLastRun(await snapshots.lastRun(), undefined) : undefined;
    if (failed === undefined) throw error;
    const { code, doing, problem, answer } = error;
    throw new RollcallError(code, { doing, problem, answer, remedy: `The last run ${failed}` });
  }
}

function describe({ folder, manifest, isLatest }: StoredSnapshot, nowMs: number): readonly string[] {
  const { completeness, source, credential, previous, tool, parts } = manifest;
  const change = previous ? completeness.unique - previous.users : 0;
  const sign = change > 0 ? "+" : "";
  return [
    `Snapshot ${manifest.runId}${isLatest ? " (the latest)" : ""}`,
    ...labelled([
      ["tenant", manifest.tenantId],
      ["started", formatTime(manifest.startedAt)],
      ["finished", `${formatTime(manifest.finishedAt)}, after ${formatDuration(durationMs(manifest))}`],
      ["users", completenessInWords(completeness)],
      ["listed", `${formatCount(completeness.listed)}, ${plural(completeness.duplicates, "duplicate")}`],
      ["credential", credentialInWords(credential, nowMs)],
      ...(credential.version === null ? [] : [["version", credential.version] as const]),
      ["source", source.url],
      ["", effortInWords(source)],
      ["properties", source.properties.join(", ")],
      [
        "previous",
        previous
          ? `${previous.runId}, ${plural(previous.users, "user")} (${sign}${formatCount(change)} since)`
          : "none",
      ],
      ["signature", signatureInWords(manifest)],
      ["written by", `${tool.name} ${tool.version}`],
      ["path", folder.path],
    ]),
    "",
    ...formatTable(
      [
        { title: "part" },
        { title: "users", align: "right" },
        { title: "size", align: "right" },
        { title: "sha256", mayCut: true },
      ],
      parts.map(({ name, users, bytes, sha256 }) => [name, formatCount(users), formatBytes(bytes), sha256]),
    ),
    ...manifest.warnings.flatMap((warning) => hang("! ", warning)),
  ];
}
