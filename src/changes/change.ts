import * as z from "zod";
import { parseJson } from "../http/json.ts";
import type { ChangeKind } from "./change-kind.ts";

/**
 * One difference between two snapshots.
 *
 * @internal
 */
export interface Change {
  readonly kind: ChangeKind;
  /** Names of the properties that differ; none for users who joined or left. */
  readonly properties: readonly string[];
  /** The change as JSON in UTF-8 without a line feed, see {@link ChangeRecord}. Values are as Graph sent them. */
  readonly line: Buffer;
}

/** A line of changes, parsed. */
export interface ChangeRecord {
  /** Object id. */
  readonly id: string;
  readonly change: ChangeKind;
  /** From the snapshot after; for users who left, the last known. `null` also where it was not selected. */
  readonly userPrincipalName: string | null;
  /** As {@link userPrincipalName}. */
  readonly displayName: string | null;
  /** The old values of what differs; for users who left, the whole last row; for users who joined, `null`. */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** The new values of what differs; for users who joined, the whole row; for users who left, `null`. */
  readonly after: Readonly<Record<string, unknown>> | null;
}

const row = z.record(z.string(), z.unknown()).nullable();

const ChangeShape: z.ZodType<ChangeRecord> = z.object({
  id: z.guid(),
  change: z.enum(["joined", "left", "changed"]),
  userPrincipalName: z.string().nullable(),
  displayName: z.string().nullable(),
  before: row,
  after: row,
});

/**
 * Parses a line of changes; `undefined` for anything else.
 *
 * @internal
 */
export function parseChange(line: Buffer): ChangeRecord | undefined {
  return ChangeShape.safeParse(parseJson(line)).data;
}
