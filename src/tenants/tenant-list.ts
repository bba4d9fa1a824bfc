import * as z from "zod";
import { RollcallError } from "../error.ts";
import { parseJson } from "../http/json.ts";
import { tenantName } from "../settings/names.ts";
import type { TenantsSetting } from "../settings/settings.ts";
import type { Container } from "../storage/container.ts";

/** Ten thousand tenants with long names have half of it. */
const MAX_BYTES = 4 * 2 ** 20;

/** One tenant as it is listed. */
export interface ListedTenant {
  /** Directory id or a verified domain, in lower case. */
  readonly tenant: string;
  /** For people; absent if the list has none. */
  readonly name?: string;
}

/** The tenants of a night. */
export interface TenantList {
  /** Each once, as far as their names tell, in the order of the list; none that is disabled. */
  readonly tenants: readonly ListedTenant[];
  /** Those that are listed but switched off, also if another entry does not say so: somebody wants no snapshots of them. */
  readonly disabled: readonly ListedTenant[];
  /** What is wrong with entries that were left out, sentences; they cost the others nothing. */
  readonly problems: readonly string[];
  /** The same of entries whose tenant is listed before, so that nobody is left out. */
  readonly repeats: readonly string[];
}

const Entry = z.object(
  {
    tenant: tenantName,
    name: z
      .string("has a name that is no text")
      .trim()
      .max(200, "has a name of more than 200 characters")
      .nullish(),
    enabled: z.boolean("has an enabled that is neither true nor false").default(true),
  },
  "is no object",
);

const EXAMPLE = '`[{ "tenant": "contoso.onmicrosoft.com", "name": "Contoso", "enabled": true }]`';

/**
 * Reads which tenants there are.
 *
 * @throws {RollcallError} `tenant-list-unusable` if the blob gives no tenant at all, and the storage's errors
 */
export async function readTenantList(setting: TenantsSetting, container: Container): Promise<TenantList> {
  if (setting.kind === "blob") return await readListBlob(setting.path, container);
  const told = (problem: string) => `ROLLCALL_TENANTS: ${problem}; it was left out.`;
  return {
    tenants: setting.tenants.map((tenant) => ({ tenant })),
    disabled: [],
    problems: setting.problems.map(told),
    repeats: setting.repeats.map(told),
  };
}

async function readListBlob(path: string, container: Container): Promise<TenantList> {
  const doing = `reading the list of tenants in ${path}`;
  const blob = await container.fetch(path, MAX_BYTES);
  if (!blob) {
    throw unusable(doing, `there is no such blob in ${container.url}`, `Upload it, for example ${EXAMPLE}.`);
  }
  if (!blob.body) throw unusable(doing, blob.problem, "Correct the blob.");
  const document = parseJson(blob.body);
  if (document === undefined) throw unusable(doing, "the blob is no JSON", `It must be like ${EXAMPLE}.`);
  if (!Array.isArray(document)) {
    throw unusable(doing, "the blob is no JSON array", `It must be like ${EXAMPLE}.`);
  }
  if (document.length === 0) {
    throw unusable(doing, "the list is empty", "Add a tenant, or stop the Function app if none is wanted.");
  }
  const list = sorted(document, path);
  if (list.tenants.length > 0) return list;
  const { disabled, problems } = list;
  if (problems.length === 0) {
    throw unusable(
      doing,
      "all tenants in it are disabled",
      "Enable one, or stop the Function app if none is wanted.",
    );
  }
  const others = disabled.length > 0 ? ", and all others are disabled" : "";
  throw unusable(
    doing,
    `no entry can be used${others}: ${problems.slice(0, 5).join(" ").replace(/\.$/, "")}`,
    "Correct the entries.",
  );
}

function sorted(document: readonly unknown[], path: string): TenantList {
  const listed = new Map<string, { readonly entry: ListedTenant; isEnabled: boolean }>();
  const problems: string[] = [];
  const repeats: string[] = [];
  for (const [at, item] of document.entries()) {
    const where = `${path}: entry ${at + 1}`;
    const { data, error } = Entry.safeParse(item);
    if (!data) {
      const reasons = error.issues.map(({ path: [field], message }) =>
        field === "tenant" ? `tenant ${message}` : message,
      );
      problems.push(`${where} ${reasons.join(", and ")}; it was left out.`);
      continue;
    }
    const { tenant, name, enabled } = data;
    const first = listed.get(tenant);
    if (!first) {
      listed.set(tenant, { entry: { tenant, ...(name && { name }) }, isEnabled: enabled });
    } else if (enabled || !first.isEnabled) {
      repeats.push(`${where} is ${tenant} once more; it was left out.`);
    } else {
      first.isEnabled = false;
      repeats.push(`${where} is ${tenant} once more, and disabled: it counts as disabled.`);
    }
  }
  const of = (isEnabled: boolean) =>
    [...listed.values()].filter((found) => found.isEnabled === isEnabled).map(({ entry }) => entry);
  return { tenants: of(true), disabled: of(false), problems, repeats };
}

function unusable(doing: string, problem: string, remedy: string): RollcallError {
  return new RollcallError("tenant-list-unusable", { doing, problem, remedy });
}
