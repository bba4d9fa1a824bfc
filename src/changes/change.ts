import { z } from "zod";
import { parseJson } from "../http/json.ts";

/** What became of a user between two snapshots. */
export type ChangeKind = "joined" | "left" | "changed";

/** All of {@link ChangeKind}, in the order in which they are shown. */
export const CHANGE_KINDS: readonly ChangeKind[] = ["joined", "left", "changed"];

/** One difference between two snapshots. */
export interface Change {
  readonly kind: ChangeKind;
  /** Names of what differs; none for users who joined or left. */
  readonly properties: readonly string[];
  /** It as JSON in UTF-8 without a line feed, see {@link ChangeRecord}; values are as Graph sent them. */
  readonly line: Buffer;
}

/** A line of changes, parsed. */
export interface ChangeRecord {
  /** Object id. */
  readonly id: string;
  readonly change: ChangeKind;
  /** Of the later snapshot; the last known one for those who left. `null` also where it was not selected. */
  readonly userPrincipalName: string | null;
  /** As {@link userPrincipalName}. */
  readonly displayName: string | null;
  /** What differs as it was; the whole last known row of those who left; `null` for those who joined. */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** What differs as it is; the whole row of those who joined; `null` for those who left. */
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

/** Parses a line of changes; `undefined` for anything else. */
export function parseChange(line: Buffer): ChangeRecord | undefined {
  return ChangeShape.safeParse(parseJson(line)).data;
}
