import { SECOND } from "../../clock.ts";
import type { TenantState } from "../../tenants/tenant-state.ts";
import { formatCount, formatMinute, plural } from "../../words/format.ts";
import { ageInWords, changesInShort, sumInWords, tenantLabel, troubleOf } from "../../words/tenant-words.ts";
import { Destination } from "../destination.ts";
import { type ListingEntry, writeListing } from "../listing-output.ts";
import type { OutputFormat } from "../output-format.ts";
import { type Column, formatTable } from "../table.ts";
import { lookAtTenants } from "../tenants-place.ts";
import type { Terminal } from "../terminal.ts";
import { hang } from "../wrap.ts";

const COLUMNS: readonly Column[] = [
  // Not cut to the width of the table: ids and domains of many tenants begin alike.
  { title: "tenant", maxWidth: 60 },
  { title: "finished (UTC)" },
  { title: "age", align: "right" },
  { title: "users", align: "right" },
  { title: "changes", align: "right" },
  { title: "verdict" },
  { title: "" },
];

/** Options of `rollcall tenants`. */
export interface TenantsOptions {
  /** How old a snapshot may be, in milliseconds. */
  readonly within: number;
  readonly output: OutputFormat;
  readonly out?: string;
}

/** Of CSV. */
const FIELDS = [
  "tenant",
  "tenantId",
  "name",
  "standing",
  "ageSeconds",
  "runId",
  "finishedAt",
  "users",
  "verdict",
  "joined",
  "left",
  "changed",
  "trouble",
] as const;

/** Shows how each tenant stands, and exits with 1 when one has no snapshot that is young enough. */
export async function tenants(terminal: Terminal, { within, output, out }: TenantsOptions): Promise<void> {
  await using destination = await Destination.open(terminal, out);
  const isForPrograms = output === "json" || output === "ndjson";
  const { list, states, repeats } = await lookAtTenants(terminal, within, isForPrograms);
  // An entry that is wrong is a tenant that nobody takes a snapshot of.
  if (list.problems.length > 0 || states.some(({ standing }) => standing !== "fresh")) terminal.exitCode = 1;
  terminal.complain(...list.problems, ...repeats);
  if (output !== "table") {
    await writeListing(destination, output, FIELDS, states.map(output === "csv" ? asCsv : asJson));
  } else {
    await destination.print(
      ...formatTable(COLUMNS, states.map(asRow)),
      "",
      ...states.flatMap(troubles),
      ...(list.disabled.length > 0 ? [`${plural(list.disabled.length, "tenant")} disabled.`] : []),
      sumInWords(states),
    );
  }
  await destination.publish();
}

function asCsv(state: TenantState): ListingEntry {
  const { latest, ...rest } = asJson(state);
  return { ...rest, ...state.latest, trouble: troubleOf(state) ?? null };
}

/** Its fields come in the order of the table. */
function asJson({ tenant, tenantId, name, standing, ageMs, latest, lastRun, problem }: TenantState) {
  const ageSeconds = ageMs === null ? null : Math.round(ageMs / SECOND);
  return { tenant, tenantId, name, standing, ageSeconds, latest, lastRun, problem };
}

function asRow(state: TenantState): readonly string[] {
  const { latest, standing } = state;
  return [
    tenantLabel(state),
    latest ? formatMinute(latest.finishedAt) : "",
    ageInWords(state),
    latest ? formatCount(latest.users) : "",
    changesInShort(state),
    latest?.verdict ?? "",
    standing === "fresh" ? "" : standing,
  ];
}

function troubles(state: TenantState): readonly string[] {
  const trouble = troubleOf(state);
  return trouble === undefined ? [] : hang("! ", `${tenantLabel(state)}: ${trouble}`);
}
