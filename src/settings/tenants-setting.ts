import * as z from "zod";
import { CREDENTIAL_DECLARATIONS } from "./credential-setting.ts";
import { tenantName } from "./names.ts";
import { type Environment, present, refuse, type SettingProblem, setting } from "./setting.ts";

/** Several tenants. */
export type TenantsSetting =
  | {
      readonly kind: "named";
      /** Directory ids and domains in lower case, each once. */
      readonly tenants: readonly string[];
      /** What is wrong with entries that were left out, clauses; they cost the others nothing. */
      readonly problems: readonly string[];
      /** The same of entries whose tenant is named before. */
      readonly repeats: readonly string[];
    }
  /** A blob in the container that lists them. */
  | { readonly kind: "blob"; readonly path: string };

const BLOB = /^[a-z0-9](?:[a-z0-9_-]|[./](?=[a-z0-9])){0,199}\.json$/i;

/** Ids or domains separated by commas, or `@` and the path of a blob. */
const tenantNames = z
  .string()
  .transform(
    (text, context): TenantsSetting =>
      text.startsWith("@") ? blobIn(text, context) : namesIn(text, context),
  );

export const TENANTS_DECLARATIONS = {
  /** Several tenants in place of one; `undefined`: the one in `ROLLCALL_TENANT_ID`. */
  tenants: setting(
    "ROLLCALL_TENANTS",
    tenantNames.optional(),
    "contoso.onmicrosoft.com,fabrikam.com or @tenants.json",
  ),
};

const TENANT_ID = "ROLLCALL_TENANT_ID";
const { tenants: TENANTS } = TENANTS_DECLARATIONS;
const { credential: CREDENTIAL } = CREDENTIAL_DECLARATIONS;

/** The same settings for one tenant, whatever they say of tenants. */
export function forTenant(environment: Environment, tenant: string): Environment {
  return { ...environment, [TENANT_ID]: tenant, [TENANTS.name]: undefined };
}

/** Whether the settings name tenants in `ROLLCALL_TENANTS`, rightly or wrongly. */
export function namesTenants(environment: Environment): boolean {
  return present(environment[TENANTS.name]) !== undefined;
}

/** What is wrong with it together with other settings. */
export function tenantsProblems(environment: Environment): readonly SettingProblem[] {
  if (!namesTenants(environment)) return [];
  const { name, example } = TENANTS;
  const problems: SettingProblem[] = [];
  if (present(environment[TENANT_ID]) !== undefined) {
    problems.push({ name, problem: `must not be set together with ${TENANT_ID}`, example });
  }
  // Its tokens are for that directory, whoever they are asked for.
  if (present(environment[CREDENTIAL.name]) === "managed-identity" && "problem" in ofOneTenant(environment)) {
    const problem = `is managed-identity, which reads its own directory only, and ${name} names several tenants`;
    problems.push({ name: CREDENTIAL.name, problem, example: "federated" });
  }
  return problems;
}

/**
 * Settings for what is about one tenant: a list of one is as good as `ROLLCALL_TENANT_ID`.
 *
 * @returns the settings with that one, or why there is no telling which is meant
 */
export function ofOneTenant(
  environment: Environment,
): { readonly environment: Environment } | { readonly problem: SettingProblem } {
  if (!namesTenants(environment) || present(environment[TENANT_ID]) !== undefined) return { environment };
  const { data } = TENANTS.rule.safeParse(present(environment[TENANTS.name]));
  const [tenant, ...others] = data?.kind === "named" ? data.tenants : [];
  if (tenant !== undefined && others.length === 0) return { environment: forTenant(environment, tenant) };
  const { name } = TENANTS;
  const problem = "names several tenants, and this is about one: choose it with --tenant";
  return { problem: { name, problem, example: "--tenant contoso.onmicrosoft.com" } };
}

function blobIn(text: string, context: z.RefinementCtx): TenantsSetting {
  const path = text.slice(1);
  if (BLOB.test(path)) return { kind: "blob", path };
  return refuse(context, "must have the path of a .json blob in the container after its @");
}

function namesIn(text: string, context: z.RefinementCtx): TenantsSetting {
  const tenants = new Set<string>();
  const problems: string[] = [];
  const repeats: string[] = [];
  const entries = text.split(",").map((entry) => entry.trim());
  for (const [at, entry] of entries.entries()) {
    const { data: tenant } = tenantName.safeParse(entry);
    if (tenant !== undefined) {
      if (tenants.has(tenant)) repeats.push(`entry ${at + 1} is ${tenant} once more`);
      tenants.add(tenant);
    } else if (entry !== "") problems.push(`entry ${at + 1} is neither a directory id nor a domain`);
  }
  if (tenants.size > 0) return { kind: "named", tenants: [...tenants], problems, repeats };
  return refuse(context, "must name directory ids or verified domains, separated by commas");
}
