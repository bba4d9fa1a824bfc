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

/** These change of themselves, for many users every night: of each, only how many is told. */
const RESTLESS: ReadonlySet<string> = new Set(["signInActivity", "onPremisesLastSyncDateTime"]);

/** Somebody who joined or left. */
export interface MovedUser extends Account {
  /** The last known, of somebody who left. Absent where it was not selected, or is empty. */
  readonly department: string | undefined;
  /** `Member` or `Guest`; likewise. */
  readonly userType: string | undefined;
}

/** Somebody who changed. */
export interface ChangedUser extends Account {
  /** Those of most weight first; at least one, and none that changes of itself. */
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
  /** Users who changed in nothing but what changes of itself, such as `signInActivity`. */
  readonly onlyRestless: number;
  readonly departments: DepartmentMoves;
}

/**
 * Reads a run's changes in one pass. Memory: one part, the counts and the users who are named.
 *
 * @param departments whose moves are told apart
 * @throws {RollcallError} `snapshot-damaged` when a part is not the one in the manifest
 */
export async function readHighlights(
  snapshot: StoredSnapshot,
  departments: readonly string[],
): Promise<ChangeHighlights> {
  const counts = new Map<string, number>();
  const moves = new MoveTally(departments);
  const joined: MovedUser[] = [];
  const left: MovedUser[] = [];
  let onlyRestless = 0;
  const changed = new FirstFew<ChangedUser>(NAMED, (one, other) => weightOf(one) - weightOf(other));
  for await (const records of snapshot.changes()) {
    for (const record of records) {
      moves.add(record);
      if (record.change === "changed") {
        for (const property of Object.keys(record.after ?? {})) {
          counts.set(property, (counts.get(property) ?? 0) + 1);
        }
        const user = changedUser(record);
        if (user.values.length > 0) changed.add(user);
        else onlyRestless++;
      } else {
        const named = record.change === "joined" ? joined : left;
        if (named.length < NAMED) named.push(movedUser(record));
      }
    }
  }
  const byProperty = [...counts]
    .map(([property, users]) => ({ property, users }))
    .sort((one, other) => other.users - one.users || one.property.localeCompare(other.property));
  return {
    byProperty,
    joined,
    left,
    changed: changed.items,
    onlyRestless,
    departments: moves.moves,
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
    .filter(([property]) => !RESTLESS.has(property))
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
  return at >= 0 ? at : WEIGHTY.length;
}
