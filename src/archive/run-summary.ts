import type { RunManifest } from "./run-manifest.ts";

/** A summary of a committed snapshot's manifest. */
export interface RunSummary {
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Different users. */
  readonly users: number;
  /** The directory's own count; `null` if there was none. */
  readonly counted: number | null;
  readonly verdict: "complete" | "uncounted";
  /** Number of parts. */
  readonly parts: number;
  /** Size of all parts, compressed. */
  readonly bytes: number;
}

export function summaryOf({ runId, manifest }: RunManifest): RunSummary {
  const { finishedAt, parts, completeness } = manifest;
  const { unique: users, counted, verdict } = completeness;
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { runId, finishedAt, users, counted, verdict, parts: parts.length, bytes };
}
