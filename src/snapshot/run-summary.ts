import { asRollcallError } from "../error.ts";
import type { Container } from "../storage/container.ts";
import { manifestContradictions } from "./contradictions.ts";
import { damaged } from "./damaged.ts";
import { folderOf } from "./layout.ts";
import { requireManifest } from "./reader.ts";

/** Manifests that are read at the same time. */
const AT_A_TIME = 8;

/** What a committed snapshot's manifest says in short. */
export interface RunSummary {
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Different users. */
  readonly users: number;
  /** The directory's own count; `null` where there was none. */
  readonly counted: number | null;
  readonly verdict: "complete" | "uncounted";
  /** How many parts. */
  readonly parts: number;
  /** Of all parts, compressed. */
  readonly bytes: number;
}

/** A manifest that cannot be used. */
export interface UnreadableRun {
  readonly runId: string;
  /** The fields of the error, as logged. */
  readonly error: Record<string, unknown>;
}

/**
 * Reads the manifests of runs, some at a time. One that is damaged or of an unknown schema does not hide the others.
 *
 * @returns in the order of `runs`
 * @throws {RollcallError} the storage's errors
 */
export async function readSummaries(
  container: Container,
  tenantId: string,
  runs: readonly string[],
): Promise<readonly (RunSummary | UnreadableRun)[]> {
  const summaries: (RunSummary | UnreadableRun)[] = [];
  for (let at = 0; at < runs.length; at += AT_A_TIME) {
    const batch = runs.slice(at, at + AT_A_TIME);
    summaries.push(...(await Promise.all(batch.map((runId) => readSummary(container, tenantId, runId)))));
  }
  return summaries;
}

async function readSummary(
  container: Container,
  tenantId: string,
  runId: string,
): Promise<RunSummary | UnreadableRun> {
  try {
    const folder = folderOf(tenantId, runId);
    const { manifest } = await requireManifest(container, folder);
    const [finding] = manifestContradictions(manifest, folder);
    if (finding) throw damaged(finding.blob, finding.problem);
    const { finishedAt, parts, completeness } = manifest;
    const { unique: users, counted, verdict } = completeness;
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    return { runId, finishedAt, users, counted, verdict, parts: parts.length, bytes };
  } catch (error) {
    const failure = asRollcallError(error);
    if (failure.code !== "snapshot-damaged" && failure.code !== "manifest-unsupported") throw error;
    return { runId, error: failure.toJSON() };
  }
}
