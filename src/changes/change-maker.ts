import { RowReader } from "../rows/row-reader.ts";
import { canonicalValue } from "./canonical.ts";
import type { Change } from "./change.ts";
import type { ChangeKind } from "./change-kind.ts";
import type { CommonProperty } from "./selection.ts";

/** Where a snapshot's lines hold the properties that name a user; -1 for one that was not selected. */
interface Names {
  readonly id: number;
  readonly userPrincipalName: number;
  readonly displayName: number;
}

/** Compares two rows of a user by value and writes what differs as a line. All text in here is byte strings. */
export class ChangeMaker {
  readonly #common: readonly CommonProperty[];
  readonly #before: RowReader;
  readonly #after: RowReader;
  readonly #namesBefore: Names;
  readonly #namesAfter: Names;

  /**
   * @param before properties of the snapshot before, in the order of its lines
   * @param after those of the snapshot after
   * @param common the properties that are compared
   */
  constructor(before: readonly string[], after: readonly string[], common: readonly CommonProperty[]) {
    this.#common = common;
    this.#before = new RowReader(before);
    this.#after = new RowReader(after);
    this.#namesBefore = namesIn(before);
    this.#namesAfter = namesIn(after);
  }

  /** A user who is only in the snapshot after. */
  joined(line: Buffer): Change {
    return change("joined", [], this.#after.values(line), this.#namesAfter, "null", line.toString("latin1"));
  }

  /** A user who is only in the snapshot before. */
  left(line: Buffer): Change {
    return change("left", [], this.#before.values(line), this.#namesBefore, line.toString("latin1"), "null");
  }

  /** A user who is in both; `undefined` when the rows are equal. */
  changed(lineBefore: Buffer, lineAfter: Buffer): Change | undefined {
    const valuesBefore = this.#before.values(lineBefore);
    const valuesAfter = this.#after.values(lineAfter);
    const differing = this.#common.filter(({ before, after }) =>
      differ(valuesBefore[before], valuesAfter[after]),
    );
    if (differing.length === 0) return undefined;
    const names = differing.map(({ name }) => name);
    const was = rowOf(differing.map(({ name, before }) => [name, valuesBefore[before]]));
    const is = rowOf(differing.map(({ name, after }) => [name, valuesAfter[after]]));
    return change("changed", names, valuesAfter, this.#namesAfter, was, is);
  }
}

function namesIn(properties: readonly string[]): Names {
  const placeOf = (name: string) => properties.indexOf(name);
  return {
    id: placeOf("id"),
    userPrincipalName: placeOf("userPrincipalName"),
    displayName: placeOf("displayName"),
  };
}

function differ(before = "null", after = "null"): boolean {
  return (
    before !== after &&
    canonicalValue(Buffer.from(before, "latin1")) !== canonicalValue(Buffer.from(after, "latin1"))
  );
}

function rowOf(values: readonly (readonly [name: string, json: string | undefined])[]): string {
  return `{${values.map(([name, json = "null"]) => `"${name}":${json}`).join(",")}}`;
}

function change(
  kind: ChangeKind,
  properties: readonly string[],
  values: readonly string[],
  names: Names,
  before: string,
  after: string,
): Change {
  const userPrincipalName = stringAt(values, names.userPrincipalName);
  const displayName = stringAt(values, names.displayName);
  const line =
    `{"id":${values[names.id]},"change":"${kind}","userPrincipalName":${userPrincipalName},` +
    `"displayName":${displayName},"before":${before},"after":${after}}`;
  return { kind, properties, line: Buffer.from(line, "latin1") };
}

/** Names are strings. Should Graph ever send anything else, the row still has it. */
function stringAt(values: readonly string[], place: number): string {
  const json = values[place];
  return json?.startsWith('"') ? json : "null";
}
