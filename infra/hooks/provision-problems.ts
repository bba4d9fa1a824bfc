import { isIPv4 } from "node:net";
import { CLOUDS, forTenant, readSettings, readTenantsSettings, SettingsError } from "../rollcall.ts";
import { type Parameter, readTemplate, readVariables } from "../template.ts";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const VAULT_NAME = /^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/i;
const ACCOUNT_NAME = /^[a-z0-9]{3,24}$/;
const MAIL = /^[^\s@,;]+@[^\s@,;.]+(\.[^\s@,;.]+)+$/;

/** azd's environment: names and values. */
type Environment = Readonly<Record<string, string | undefined>>;

/** The parameters that are set, by name, as texts. */
type Given = Readonly<Record<string, string>>;

/**
 * What is wrong with the parameters that azd would hand to infra/main.bicep, each in a sentence that begins with the variable to
 * correct. Nothing is asked of the network, and no value of a secret is repeated.
 */
export function provisionProblems(environment: Environment): readonly string[] {
  const { parameters } = readTemplate();
  const variables = readVariables();
  const variableOf = (parameter: string) => variables[parameter] ?? parameter;
  const set = Object.entries(variables)
    .map(([parameter, variable]) => [parameter, environment[variable]?.trim() ?? ""] as const)
    .filter(([, value]) => value !== "");
  const given: Given = Object.fromEntries(set);
  const problems = [
    ...set.flatMap(([name, value]) => {
      const problem = typeProblem(value, parameters[name] ?? { type: "string" });
      return problem === undefined ? [] : [`${variableOf(name)} ${problem}.`];
    }),
    ...formProblems(given).map(([name, problem]) => `${variableOf(name)} ${problem}.`),
    ...contradictions(given, variableOf),
  ];
  const isTold = (variable: string) => problems.some((problem) => problem.startsWith(`${variable} `));
  const untold = Object.values(variables).filter((variable) => !isTold(variable));
  return [...problems, ...settingProblems(environment, untold)];
}

/** What the template itself says of a parameter, in words. */
function typeProblem(value: string, parameter: Parameter): string | undefined {
  const { type, allowedValues, minValue = Number.NEGATIVE_INFINITY, maxValue = Infinity } = parameter;
  const { minLength = 0, maxLength = Infinity } = parameter;
  if (allowedValues && !allowedValues.map(String).includes(value)) {
    return `must be one of ${allowedValues.join(", ")}`;
  }
  switch (type) {
    case "int":
      if (!/^-?\d+$/.test(value)) return "must be a whole number";
      return Number(value) >= minValue && Number(value) <= maxValue ? undefined : range(minValue, maxValue);
    case "bool":
      return /^(true|false)$/i.test(value) ? undefined : "must be true or false";
    case "array":
      return isTextList(value) ? undefined : 'must be a list such as ["203.0.113.7"]';
    default:
      if (value.length < minLength) return `must have ${minLength} characters or more`;
      return value.length > maxLength ? `must have ${maxLength} characters or fewer` : undefined;
  }
}

function range(minValue: number, maxValue: number): string {
  return maxValue === Infinity ? `must be ${minValue} or more` : `must be ${minValue} to ${maxValue}`;
}

function isTextList(value: string): boolean {
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) && list.every((item) => typeof item === "string");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

/** What a template cannot say: the form of a text. By parameter. */
function formProblems(given: Given): readonly (readonly [string, string])[] {
  const forms: readonly (readonly [string, (value: string) => boolean, string])[] = [
    ["tenantId", (value) => GUID.test(value), "must be the directory id, a GUID, not a domain"],
    ["clientId", (value) => GUID.test(value), "must be the application (client) id, a GUID"],
    ["operatorPrincipalId", (value) => GUID.test(value), "must be an object id, a GUID"],
    ["vaultName", (value) => VAULT_NAME.test(value), "must be 3 to 24 letters, digits and single hyphens"],
    ["existingVaultName", (value) => VAULT_NAME.test(value), "must be the name of a vault, not its URL"],
    [
      "storageAccountName",
      (value) => ACCOUNT_NAME.test(value),
      "must be 3 to 24 lower-case letters and digits",
    ],
    [
      "existingStorageAccountName",
      (value) => ACCOUNT_NAME.test(value),
      "must be the name of a storage account, not its URL",
    ],
    ["alertEmail", (value) => MAIL.test(value), "must be one mail address, such as oncall@contoso.com"],
    ["alertWebhookUrl", (value) => isHttps(value) || isVaultReference(value), "must be an https URL"],
    ["httpsProxy", (value) => isProxy(value), "must be the http or https URL of a proxy, without a login"],
    [
      "addressPrefix",
      (value) => isNetwork(value, 24),
      "must be an IPv4 network of /24 or more, such as 10.60.0.0/24",
    ],
    [
      "allowedIpAddresses",
      (value) => !isTextList(value) || (JSON.parse(value) as string[]).every(isPublicRange),
      "must hold public IPv4 addresses, or ranges of /30 or larger",
    ],
  ];
  return forms
    .filter(([name, isRight]) => given[name] !== undefined && !isRight(given[name]))
    .map(([name, , problem]) => [name, problem]);
}

function isHttps(value: string): boolean {
  return URL.canParse(value) && new URL(value).protocol === "https:";
}

/** What `azd env set-secret` leaves in place of a secret; azd reads the vault when it deploys. */
function isVaultReference(value: string): boolean {
  return value.startsWith("akvs://");
}

function isProxy(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return /^https?:$/.test(url?.protocol ?? "") && url?.username === "" && url.password === "";
}

function isNetwork(value: string, longestPrefix: number): boolean {
  const [address = "", prefix = String(longestPrefix), ...rest] = value.split("/");
  return rest.length === 0 && isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= longestPrefix;
}

/** What the firewall of a storage account takes: it refuses private addresses, and small ranges. */
function isPublicRange(value: string): boolean {
  const isPrivate = /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(value);
  return isNetwork(value, value.includes("/") ? 30 : 32) && !isPrivate;
}

/** What cannot be right together: the same that infra/main.bicep refuses. */
function contradictions(given: Given, variableOf: (parameter: string) => string): readonly string[] {
  const both = (one: string, other: string) => given[one] !== undefined && given[other] !== undefined;
  const days = (name: string, otherwise: number) => Number(given[name] ?? otherwise);
  const rules: readonly (readonly [boolean, string])[] = [
    [
      both("vaultName", "existingVaultName"),
      `Give ${variableOf("vaultName")} or ${variableOf("existingVaultName")}, not both.`,
    ],
    [
      both("storageAccountName", "existingStorageAccountName"),
      `Give ${variableOf("storageAccountName")} or ${variableOf("existingStorageAccountName")}, not both.`,
    ],
    [
      days("immutabilityDays", 0) > 0 && given.existingStorageAccountName !== undefined,
      `${variableOf("immutabilityDays")} is for a storage account that is made here; set a policy on the existing one yourself.`,
    ],
    [
      days("retentionDays", 400) > 0 && days("immutabilityDays", 0) > days("retentionDays", 400),
      `${variableOf("immutabilityDays")} must not be more than ${variableOf("retentionDays")}: the snapshots could not be deleted when they are due.`,
    ],
    [
      given.allowedIpAddresses !== undefined &&
        given.allowedIpAddresses !== "[]" &&
        given.privateNetworking?.toLowerCase() !== "true",
      `${variableOf("allowedIpAddresses")} needs ${variableOf("privateNetworking")}: without it the Function itself would be shut out.`,
    ],
  ];
  return rules.filter(([isBroken]) => isBroken).map(([, problem]) => problem);
}

/**
 * What the template leaves empty for a kind of credential, whatever the variable says: azd keeps the outputs of a deployment
 * with another kind.
 */
const UNUSED_BY: Readonly<Record<string, readonly string[]>> = {
  certificate: ["ROLLCALL_SECRET_NAME"],
  secret: ["ROLLCALL_CERTIFICATE_NAME"],
  federated: ["ROLLCALL_CERTIFICATE_NAME", "ROLLCALL_SECRET_NAME"],
  "managed-identity": ["ROLLCALL_CERTIFICATE_NAME", "ROLLCALL_SECRET_NAME", "ROLLCALL_CLIENT_ID"],
};

/** What the Function itself would say of its settings at night, as far as they are set already. */
function settingProblems(environment: Environment, variables: readonly string[]): readonly string[] {
  const unused = UNUSED_BY[environment.ROLLCALL_CREDENTIAL?.trim() || "certificate"] ?? [];
  const own = variables.filter(
    (name) => name.startsWith("ROLLCALL_") && environment[name]?.trim() && !unused.includes(name),
  );
  const cloud =
    Object.entries(CLOUDS).find(([name]) => name === environment.ROLLCALL_CLOUD)?.[1] ?? CLOUDS.global;
  const anybody = "00000000-0000-4000-8000-000000000000";
  const credential = own.includes("ROLLCALL_SECRET_NAME")
    ? []
    : [["ROLLCALL_CERTIFICATE_NAME", "graph-cert"]];
  // Stands in for what the template sets itself.
  const standIn = Object.fromEntries([
    ...["ROLLCALL_TENANT_ID", "ROLLCALL_CLIENT_ID"].map((name) => [name, anybody]),
    ["ROLLCALL_KEY_VAULT_URL", `https://stand-in${cloud.vaultSuffix}`],
    ["ROLLCALL_STORAGE", `https://standin${cloud.blobSuffixes[0]}`],
    ...credential,
  ]);
  const given = { ...standIn, ...Object.fromEntries(own.map((name) => [name, environment[name]])) };
  // As the template does: several tenants are instead of the one, which may be an output of an earlier deployment.
  const several = { ...given, ROLLCALL_TENANT_ID: undefined };
  const reads = [
    () => readSettings(forTenant(given, given.ROLLCALL_TENANT_ID ?? anybody)),
    () => (own.includes("ROLLCALL_TENANTS") ? readTenantsSettings(several) : undefined),
  ];
  return reads
    .flatMap(problemsOf)
    .filter(({ name }) => own.includes(name))
    .map(({ name, problem, example }) => `${name} ${problem}, for example ${example}.`);
}

function problemsOf(read: () => unknown): SettingsError["problems"] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems;
  }
}
