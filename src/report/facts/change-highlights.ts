import type { StoredSnapshot } from "../../archive/snapshots.ts";
import type { ChangeRecord } from "../../changes/change.ts";
import type { Account } from "./account.ts";
import { type DepartmentMoves, MoveTally } from "./department-moves.ts";
import { FirstFew } from "./first-few.ts";

/** How many users of each kind are named. */
const NAMED = 25;

/** What an auditor asks about first. A user who changed in one of these is named before any who did not. */
const WEIGHTY = [
  "accountEnabled",
  "userType",
  "userPrincipalName",
  "mail",
  "assignedLicenses",
  "department",
  "jobTitle",
  "employeeType",
  "companyName",
  "displayName",
];

/** These change of themselves, for many users every night. */
const NOISY = ["signInActivity", "onPremisesLastSyncDateTime"];

/** Somebody who joined or left. */
export interface MovedUser extends Account {
  /** The last known, of somebody who left. Absent where it was not selected, or is empty. */
  readonly department: string | undefined;
  /** `Member` or `Guest`; likewise. */
  readonly userType: string | undefined;
}

/** Somebody who changed. */
export interface ChangedUser extends Account {
  /** Those of most weight first; at least one. */
  readonly values: readonly ChangedValue[];
}

/** A property of a user that differs. Values are as Graph sent them. */
export interface ChangedValue {
  readonly property: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The changes of a run that a report names. */
export interface ChangeHighlights {
  /** How many users each property changed for, the most first. */
  readonly byProperty: readonly { readonly property: string; readonly users: number }[];
  /** The first 25 in the order of their ids. */
  readonly joined: readonly MovedUser[];
  /** Likewise. */
  readonly left: readonly MovedUser[];
  /** At most 25: those whose changes have most weight. */
  readonly changed: readonly ChangedUser[];
  /** By department; `null` where it was not selected. */
  readonly departments: DepartmentMoves | null;
}

/**
 * Reads a run's changes in one pass. Memory: one part, the counts and the users who are named.
 *
 * @throws {RollcallError} `snapshot-damaged` when a part is not the one in the manifest
 */
export async function readHighlights(snapshot: StoredSnapshot): Promise<ChangeHighlights> {
  const counts = new Map<string, number>();
  const moves = new MoveTally();
  const joined: MovedUser[] = [];
  const left: MovedUser[] = [];
  const changed = new FirstFew<ChangedUser>(NAMED, (one, other) => weightOf(one) - weightOf(other));
  for await (const records of snapshot.changes()) {
    for (const record of records) {
      moves.add(record);
      if (record.change === "changed") {
        const user = changedUser(record);
        for (const { property } of user.values) counts.set(property, (counts.get(property) ?? 0) + 1);
        changed.add(user);
      } else {
        const named = record.change === "joined" ? joined : left;
        if (named.length < NAMED) named.push(movedUser(record));
      }
    }
  }
  const byProperty = [...counts]
    .map(([property, users]) => ({ property, users }))
    .sort((one, other) => other.users - one.users || one.property.localeCompare(other.property));
  const hasDepartment = snapshot.manifest.source.properties.includes("department");
  return {
    byProperty,
    joined,
    left,
    changed: changed.items,
    departments: hasDepartment ? moves.moves : null,
  };
}

function accountOf({ id, userPrincipalName, displayName }: ChangeRecord): Account {
  return { id, userPrincipalName: userPrincipalName ?? undefined, displayName: displayName ?? undefined };
}

function movedUser(record: ChangeRecord): MovedUser {
  const row = record.after ?? record.before;
  const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  return { ...accountOf(record), department: textOf(row?.department), userType: textOf(row?.userType) };
}

function changedUser(record: ChangeRecord): ChangedUser {
  const values = Object.entries(record.after ?? {})
    .map(([property, after]) => ({ property, before: record.before?.[property], after }))
    .sort((one, other) => weight(one.property) - weight(other.property));
  return { ...accountOf(record), values };
}

function weightOf({ values: [first] }: ChangedUser): number {
  return weight(first?.property ?? "");
}

/** Smaller is weightier. */
function weight(property: string): number {
  const at = WEIGHTY.indexOf(property);
  if (at >= 0) return at;
  return NOISY.includes(property) ? WEIGHTY.length + 1 : WEIGHTY.length;
}
