import type { StoredSnapshot } from "../archive/snapshots.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { type SignInFacts, SignInTally } from "./sign-in-facts.ts";

/** Counts of a run's users. `null`: the snapshot does not have the property that it takes. */
export interface RunFacts {
  /** Users in the parts. */
  readonly users: number;
  readonly accounts: AccountCounts | null;
  readonly types: TypeCounts | null;
  readonly licences: LicenceCounts | null;
  readonly signIns: SignInFacts | null;
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

/** By `assignedLicenses`. */
export interface LicenceCounts {
  /** Users with at least one. */
  readonly licensed: number;
  /** Users of each licence, the most first. */
  readonly skus: readonly { readonly skuId: string; readonly users: number }[];
}

/**
 * Counts a run's users in one pass. Memory: one part and the counts.
 *
 * @throws {RollcallError} `snapshot-damaged` when a part is not the one in the manifest, or a line is not a user
 */
export async function readRunFacts(snapshot: StoredSnapshot): Promise<RunFacts> {
  const tally = new FactTally(snapshot.manifest);
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
  readonly #signIns: SignInTally;
  readonly #skus = new Map<string, number>();
  #users = 0;
  #enabled = 0;
  #disabled = 0;
  #members = 0;
  #guests = 0;
  #licensed = 0;

  constructor({ source, finishedAt }: Pick<Manifest, "source" | "finishedAt">) {
    this.#has = new Set(source.properties);
    this.#signIns = new SignInTally(Date.parse(finishedAt), this.#has.has("accountEnabled"));
  }

  /**
   * Adds a user, as JSON.
   *
   * @returns whether the line is a user
   */
  add(line: string): boolean {
    const user = asObject(jsonValue(line));
    if (typeof user.id !== "string") return false;
    this.#users++;
    if (user.accountEnabled === true) this.#enabled++;
    else if (user.accountEnabled === false) this.#disabled++;
    if (user.userType === "Guest") this.#guests++;
    else if (user.userType === "Member") this.#members++;
    this.#addLicences(user.assignedLicenses);
    if (!this.#has.has("signInActivity")) return true;
    const account = {
      id: user.id,
      userPrincipalName: textOf(user.userPrincipalName),
      displayName: textOf(user.displayName),
    };
    this.#signIns.add(account, user.accountEnabled === true, user.signInActivity);
    return true;
  }

  /** What was counted. */
  facts(): RunFacts {
    const known = <T>(property: string, counts: T) => (this.#has.has(property) ? counts : null);
    const skus = [...this.#skus]
      .map(([skuId, users]) => ({ skuId, users }))
      .sort((one, other) => other.users - one.users || one.skuId.localeCompare(other.skuId));
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
      licences: known("assignedLicenses", { licensed: this.#licensed, skus }),
      signIns: known("signInActivity", this.#signIns.facts()),
    };
  }

  #addLicences(licences: unknown): void {
    if (!Array.isArray(licences)) return;
    const skuIds = new Set(licences.map((licence) => textOf(asObject(licence).skuId)?.toLowerCase()));
    skuIds.delete(undefined);
    if (skuIds.size > 0) this.#licensed++;
    for (const skuId of skuIds) if (skuId) this.#skus.set(skuId, (this.#skus.get(skuId) ?? 0) + 1);
  }
}

function jsonValue(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
