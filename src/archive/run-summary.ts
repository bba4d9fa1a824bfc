import { manifestContradictions } from "../snapshot/contradictions.ts";
import { folderOf } from "../snapshot/layout.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { requireManifest } from "./reader.ts";
import { isUnreadable } from "./unreadable.ts";

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

/** A manifest that cannot be used. */
export interface UnreadableRun {
  readonly runId: string;
  /** The error's fields, as they are logged. */
  readonly error: Record<string, unknown>;
}

/**
 * Reads and summarises a run's manifest. A manifest that is damaged or has an unknown schema is not an error here, because
 * it must not hide other runs.
 *
 * @throws {RollcallError} the storage's errors
 */
export async function readSummary(
  container: Container,
  tenantId: string,
  runId: string,
): Promise<RunSummary | UnreadableRun> {
  try {
    const folder = folderOf(tenantId, runId);
    const { manifest } = await requireManifest(container, folder);
    const [finding] = manifestContradictions(manifest, folder);
    if (finding) throw new SnapshotDamaged(finding.blob, finding.problem);
    const { finishedAt, parts, completeness } = manifest;
    const { unique: users, counted, verdict } = completeness;
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    return { runId, finishedAt, users, counted, verdict, parts: parts.length, bytes };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { runId, error: error.toJSON() };
  }
}
