import type { StoredSnapshot } from "../../archive/snapshots.ts";
import { JsonScanError } from "../../rows/json-scan.ts";
import { isJsonText, textOfJson } from "../../rows/json-text.ts";
import { ValueCutter } from "../../rows/value-cutter.ts";
import { SnapshotDamaged } from "../../storage/snapshot-damaged.ts";
import { type DepartmentCounts, DepartmentTally } from "./department-facts.ts";
import { type LicenceCounts, LicenceTally } from "./licence-facts.ts";
import { type DisabledLicensed, type PendingGuests, ReviewTally } from "./review-facts.ts";
import { type SignInFacts, SignInTally } from "./sign-in-facts.ts";

/** What is counted or named, in the order in which {@link FactTally} reads it. */
const COUNTED = [
  "id",
  "accountEnabled",
  "userType",
  "assignedLicenses",
  "signInActivity",
  "userPrincipalName",
  "displayName",
  "department",
  "createdDateTime",
  "externalUserState",
  "externalUserStateChangeDateTime",
];

/**
 * `externalUserState` of a guest who has not accepted the invitation (https://learn.microsoft.com/graph/api/resources/user).
 */
const PENDING = "PendingAcceptance";

/** Counts of a run's users. `null`: the snapshot does not have the property that it takes. */
export interface RunFacts {
  /** Users in the parts. */
  readonly users: number;
  readonly accounts: AccountCounts | null;
  readonly types: TypeCounts | null;
  readonly licences: LicenceCounts | null;
  readonly signIns: SignInFacts | null;
  readonly departments: DepartmentCounts | null;
  readonly disabledLicensed: DisabledLicensed | null;
  readonly pendingGuests: PendingGuests | null;
}

/** By `accountEnabled`. */
export interface AccountCounts {
  readonly enabled: number;
  readonly disabled: number;
  /** Graph said neither. */
  readonly unknown: number;
}

/** By `userType`. */
export interface TypeCounts {
  readonly members: number;
  readonly guests: number;
  /** Graph said neither, as it does of old accounts. */
  readonly unknown: number;
}

/**
 * Counts a run's users in one pass. Memory: one part and the counts.
 *
 * @throws {RollcallError} `snapshot-damaged` when a part is not the one in the manifest, or a line is not a user
 */
export async function readRunFacts(snapshot: StoredSnapshot): Promise<RunFacts> {
  const { source, startedAt } = snapshot.manifest;
  const tally = new FactTally(source.properties, Date.parse(startedAt));
  for await (const lines of snapshot.lineBatches()) {
    for (const line of lines) {
      if (!tally.add(line))
        throw new SnapshotDamaged(snapshot.folder.path, "a line of its parts is not a user");
    }
  }
  return tally.facts();
}

/** Counts the users of one run as they are read. */
export class FactTally {
  readonly #has: ReadonlySet<string>;
  readonly #cutter: ValueCutter;
  readonly #signIns: SignInTally;
  readonly #review: ReviewTally;
  readonly #departments = new DepartmentTally();
  readonly #licences = new LicenceTally();
  #users = 0;
  #enabled = 0;
  #disabled = 0;
  #members = 0;
  #guests = 0;

  /**
   * @param properties in the order of the lines
   * @param asOfMs when the run began, in milliseconds since the Unix epoch: how long accounts have gone unused is seen from
   *   then
   */
  constructor(properties: readonly string[], asOfMs: number) {
    this.#has = new Set(properties);
    this.#cutter = new ValueCutter(properties, COUNTED);
    this.#signIns = new SignInTally(asOfMs, this.#has.has("accountEnabled"));
    this.#review = new ReviewTally(asOfMs);
  }

  /**
   * Adds a user, as JSON.
   *
   * @returns whether the line is a user
   */
  add(line: string): boolean {
    const values = this.#cut(line);
    if (!values) return false;
    const [id = "", enabled, type, licences = "", activity = "", userPrincipalName, displayName] = values;
    const [department, created, guestState, guestStateSince] = values.slice(7);
    if (!isJsonText(id)) return false;
    this.#users++;
    if (enabled === "true") this.#enabled++;
    else if (enabled === "false") this.#disabled++;
    const userType = textOf(type);
    if (userType === "Guest") this.#guests++;
    else if (userType === "Member") this.#members++;
    this.#departments.add(textOf(department));
    const account = () => ({
      id: textOfJson(id),
      userPrincipalName: textOf(userPrincipalName),
      displayName: textOf(displayName),
    });
    const skuIds = this.#licences.add(licences, enabled === "false");
    if (enabled === "false" && skuIds.length > 0) this.#review.addDisabledLicensed(account(), skuIds);
    if (textOf(guestState) === PENDING) {
      this.#review.addPendingGuest(account(), timeMs(guestStateSince, created));
    }
    if (this.#has.has("signInActivity")) {
      this.#signIns.add(account(), enabled === "true", timeMs(created), JSON.parse(activity));
    }
    return true;
  }

  /** What was counted. */
  facts(): RunFacts {
    const known = <T>(property: string, counts: T) => (this.#has.has(property) ? counts : null);
    const { disabledLicensed, pendingGuests } = this.#review;
    return {
      users: this.#users,
      accounts: known("accountEnabled", {
        enabled: this.#enabled,
        disabled: this.#disabled,
        unknown: this.#users - this.#enabled - this.#disabled,
      }),
      types: known("userType", {
        members: this.#members,
        guests: this.#guests,
        unknown: this.#users - this.#members - this.#guests,
      }),
      licences: known("assignedLicenses", this.#licences.counts),
      signIns: known("signInActivity", this.#signIns.facts()),
      departments: known("department", this.#departments.facts()),
      disabledLicensed: known("accountEnabled", known("assignedLicenses", disabledLicensed)),
      pendingGuests: known("externalUserState", pendingGuests),
    };
  }

  /** `undefined` for a line that is not a JSON object. */
  #cut(line: string): readonly string[] | undefined {
    try {
      return this.#cutter.cut(line);
    } catch (error) {
      if (error instanceof JsonScanError) return undefined;
      throw error;
    }
  }
}

function textOf(json: string | undefined): string | undefined {
  return json !== undefined && isJsonText(json) ? textOfJson(json) : undefined;
}

/**
 * The first of some JSON values that is a time, in milliseconds since the Unix epoch; `NaN` if none is. Graph may write one
 * that it does not know as `0001-01-01`.
 */
function timeMs(...values: readonly (string | undefined)[]): number {
  return values.map((json) => Date.parse(textOf(json) ?? "")).find((time) => time > 0) ?? Number.NaN;
}
