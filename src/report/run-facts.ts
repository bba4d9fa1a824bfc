import * as z from "zod";
import type { StoredSnapshot } from "../archive/snapshots.ts";
import { JsonScanError } from "../rows/json-scan.ts";
import { isJsonText, textOfJson } from "../rows/json-text.ts";
import { ValueCutter } from "../rows/value-cutter.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
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
];

const Licences = z.array(z.object({ skuId: z.string().nullish() }));

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
  readonly #skus = new Map<string, number>();
  #users = 0;
  #enabled = 0;
  #disabled = 0;
  #members = 0;
  #guests = 0;
  #licensed = 0;

  /**
   * @param properties in the order of the lines
   * @param asOfMs when the run began, in milliseconds since the Unix epoch: how long accounts have gone unused is seen from
   *   then
   */
  constructor(properties: readonly string[], asOfMs: number) {
    this.#has = new Set(properties);
    this.#cutter = new ValueCutter(properties, COUNTED);
    this.#signIns = new SignInTally(asOfMs, this.#has.has("accountEnabled"));
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
    if (!isJsonText(id)) return false;
    this.#users++;
    if (enabled === "true") this.#enabled++;
    else if (enabled === "false") this.#disabled++;
    const userType = textOf(type);
    if (userType === "Guest") this.#guests++;
    else if (userType === "Member") this.#members++;
    this.#addLicences(licences);
    if (!this.#has.has("signInActivity")) return true;
    const account = {
      id: textOfJson(id),
      userPrincipalName: textOf(userPrincipalName),
      displayName: textOf(displayName),
    };
    this.#signIns.add(account, enabled === "true", JSON.parse(activity));
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

  /** `undefined` for a line that is not a JSON object. */
  #cut(line: string): readonly string[] | undefined {
    try {
      return this.#cutter.cut(line);
    } catch (error) {
      if (error instanceof JsonScanError) return undefined;
      throw error;
    }
  }

  #addLicences(json: string): void {
    if (!json.includes("skuId")) return;
    const { data = [] } = Licences.safeParse(JSON.parse(json));
    const skuIds = new Set(data.flatMap(({ skuId }) => skuId?.toLowerCase() ?? []));
    if (skuIds.size > 0) this.#licensed++;
    for (const skuId of skuIds) this.#skus.set(skuId, (this.#skus.get(skuId) ?? 0) + 1);
  }
}

function textOf(json: string | undefined): string | undefined {
  return json !== undefined && isJsonText(json) ? textOfJson(json) : undefined;
}
