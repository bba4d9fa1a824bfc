import { type Change, type ChangeRecord, parseChange } from "../changes/change.ts";
import { CHANGE_KINDS, type ChangeKind } from "../changes/change-kind.ts";
import { isJsonText, membersOfJson, textOfJson } from "../rows/json-text.ts";
import { formatCount } from "../words/format.ts";
import { displayWidth } from "./display-width.ts";
import { formatTable } from "./table.ts";
import { LINE_WIDTH, labelled } from "./wrap.ts";

const NAME_WIDTH = (LINE_WIDTH - 2) / 2;
const MIN_VALUE_WIDTH = 10;
/** Gaps between the four columns of what changed. */
const GAPS_WIDTH = 6;

/** A change that is shown. */
interface ShownChange extends ChangeRecord {
  /** The values before and after, as JSON: a number may have more than 53 bits. */
  readonly values: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

function valuesOf(line: Buffer): ShownChange["values"] {
  const change = membersOfJson(line.toString());
  const [before, after] = ["before", "after"].map((side) => {
    const json = change.get(side) ?? "null";
    return json === "null" ? new Map<string, string>() : membersOfJson(json);
  });
  return [...(after ?? [])].map(([name, json]) => ({
    name,
    before: before?.get(name) ?? "null",
    after: json,
  }));
}

/** A summary of changes for people: counts of all, and the first few of each kind. */
export class ChangeSummary {
  readonly #limit: number;
  readonly #counts = { joined: 0, left: 0, changed: 0 };
  readonly #byProperty = new Map<string, number>();
  readonly #shown: Record<ChangeKind, ShownChange[]> = { joined: [], left: [], changed: [] };

  /** @param limit how many of each kind to show */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add({ kind, properties, line }: Change): void {
    this.#counts[kind]++;
    for (const name of properties) this.#byProperty.set(name, (this.#byProperty.get(name) ?? 0) + 1);
    if (this.#shown[kind].length >= this.#limit) return;
    const record = parseChange(line);
    if (record) this.#shown[kind].push({ ...record, values: valuesOf(line) });
  }

  /**
   * Lines for a terminal.
   *
   * @param kinds the kinds that were asked for
   * @param notCompared properties that only one of the runs selected
   */
  lines(kinds: readonly ChangeKind[], notCompared: readonly string[]): readonly string[] {
    const asked = CHANGE_KINDS.filter((kind) => kinds.includes(kind));
    return [
      ...labelled([
        ...asked.map((kind) => [kind, formatCount(this.#counts[kind])] as const),
        ...(this.#byProperty.size > 0 ? [["of these", this.#propertiesInWords()] as const] : []),
        ...(notCompared.length > 0
          ? [["not compared", `${notCompared.join(", ")} (selected by one run only)`] as const]
          : []),
      ]),
      ...asked.flatMap((kind) => this.#table(kind)),
    ];
  }

  /** `department 31, jobTitle 12`: how many users each property changed for, the most first. */
  #propertiesInWords(): string {
    return [...this.#byProperty]
      .sort(([, one], [, other]) => other - one)
      .map(([name, count]) => `${name} ${formatCount(count)}`)
      .join(", ");
  }

  #table(kind: ChangeKind): readonly string[] {
    const shown = this.#shown[kind];
    if (shown.length === 0) return [];
    const hidden = this.#counts[kind] - shown.length;
    return [
      "",
      ...(kind === "changed" ? changedTable(shown) : namesTable(kind, shown)),
      ...(hidden > 0 ? [`and ${formatCount(hidden)} more; --limit shows more, --json all`] : []),
    ];
  }
}

function namesTable(kind: ChangeKind, records: readonly ChangeRecord[]): readonly string[] {
  const rows = records.map((record) => [userOf(record), record.displayName ?? ""]);
  return formatTable(
    [
      { title: kind, mayCut: true },
      { title: "name", maxWidth: NAME_WIDTH },
    ],
    rows,
  );
}

/** A row for each property. The first row of a user names the user, in the room that the values leave. */
function changedTable(records: readonly ShownChange[]): readonly string[] {
  const names = records.flatMap(({ values }) => values.map(({ name }) => name));
  const nameWidth = names.reduce((most, name) => Math.max(most, displayWidth(name)), "property".length);
  const valueWidth = Math.max(MIN_VALUE_WIDTH, Math.floor((LINE_WIDTH - GAPS_WIDTH - nameWidth) / 3));
  const rows = records.flatMap((record) =>
    record.values.map(({ name, before, after }, index) => [
      index === 0 ? userOf(record) : "",
      name,
      valueInWords(before),
      valueInWords(after),
    ]),
  );
  const columns = [
    { title: "changed", mayCut: true },
    { title: "property" },
    { title: "before", maxWidth: valueWidth },
    { title: "after", maxWidth: valueWidth },
  ];
  return formatTable(columns, rows);
}

function userOf({ userPrincipalName, id }: ChangeRecord): string {
  return userPrincipalName ?? id;
}

function valueInWords(json: string): string {
  return isJsonText(json) && json !== '""' ? textOfJson(json) : json;
}
