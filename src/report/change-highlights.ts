import type { StoredSnapshot } from "../archive/snapshots.ts";
import type { ChangeRecord } from "../changes/change.ts";
import type { ChangeKind } from "../changes/change-kind.ts";

/** How many users of each kind are named. */
const NAMED = 50;

/** Somebody who joined, left or changed. */
export interface ChangedUser {
  readonly id: string;
  /** `null` where it was not selected. */
  readonly userPrincipalName: string | null;
  /** `null` where it was not selected, or is empty. */
  readonly displayName: string | null;
  /** Names of the properties that changed; empty for users who joined or left. */
  readonly properties: readonly string[];
}

/** The changes of a run that a report names. */
export interface ChangeHighlights {
  /** How many users each property changed for, the most first. */
  readonly byProperty: readonly { readonly property: string; readonly users: number }[];
  /** The first 50 of each kind, in the order of their ids. */
  readonly named: Readonly<Record<ChangeKind, readonly ChangedUser[]>>;
}

/**
 * Reads a run's changes in one pass. Memory: one part, the counts and the users who are named.
 *
 * @throws {RollcallError} `snapshot-damaged` when a part is not the one in the manifest
 */
export async function readHighlights(snapshot: StoredSnapshot): Promise<ChangeHighlights> {
  const counts = new Map<string, number>();
  const named: Record<ChangeKind, ChangedUser[]> = { joined: [], left: [], changed: [] };
  for await (const records of snapshot.changes()) {
    for (const record of records) {
      const user = changedUser(record);
      for (const property of user.properties) counts.set(property, (counts.get(property) ?? 0) + 1);
      if (named[record.change].length < NAMED) named[record.change].push(user);
    }
  }
  const byProperty = [...counts]
    .map(([property, users]) => ({ property, users }))
    .sort((one, other) => other.users - one.users || one.property.localeCompare(other.property));
  return { byProperty, named };
}

function changedUser({ id, change, userPrincipalName, displayName, after }: ChangeRecord): ChangedUser {
  const properties = change === "changed" ? Object.keys(after ?? {}) : [];
  return { id, userPrincipalName, displayName, properties };
}
