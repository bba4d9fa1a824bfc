import { z } from "zod";
import { MINUTE } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { type ProxyRules, readProxyRules } from "../http/proxy.ts";
import { DEFAULT_PROPERTIES, rightSpelling, UNLISTABLE_PROPERTIES } from "../rows/properties.ts";
import { CLOUDS, type Cloud } from "./clouds.ts";
import { type FormatName, parseFormats } from "./format-name.ts";
import { LISTING_MODES, type ListingMode } from "./listing-mode.ts";
import { isNcrontab } from "./ncrontab.ts";

/** Where the blobs are. */
export type StorageSettings =
  /** A blob service URL, opened with the managed identity. */
  | { readonly kind: "identity"; readonly url: string }
  /** A connection string for storage on this machine, such as Azurite's; never an account in Azure. */
  | { readonly kind: "local"; readonly connectionString: string };

/** What the reading commands need: no vault, no app registration. */
export interface ReaderSettings {
  /** Directory id or a verified domain, as configured. */
  readonly tenant: string;
  readonly storage: StorageSettings;
  /** Container name; `user-snapshots` unless set. */
  readonly container: string;
  readonly cloud: Cloud;
  /** As `HTTPS_PROXY` and `NO_PROXY` say; absent: connections are direct. */
  readonly proxy?: ProxyRules;
}

/** What a run needs, checked and with defaults filled in. Holds no secret. */
export interface Settings extends ReaderSettings {
  /** Application (client) id of the app registration. */
  readonly clientId: string;
  /** Key Vault URL without a trailing slash. */
  readonly vaultUrl: string;
  /** Which Key Vault object opens the app registration. */
  readonly credential: { readonly kind: "secret" | "certificate"; readonly name: string };
  /** User properties in the order of the rows; `id` is always among them. */
  readonly properties: readonly string[];
  /** How the users are listed; `auto` unless set. */
  readonly listing: ListingMode;
  /** Whether the directory is asked for its count; it is unless set otherwise. */
  readonly count: boolean;
  /** Requests to Graph at the same time at the most, where they are listed in slices. */
  readonly concurrency: number;
  /** What a snapshot is written as; JSON lines always. */
  readonly formats: readonly FormatName[];
  /** Whether a run writes what changed since the last snapshot; it does unless set otherwise. */
  readonly changes: boolean;
  /** The most that the list may shrink from one snapshot to the next, in percent. */
  readonly maxShrinkPercent: number;
  /** How long a run may take before it stops itself, in milliseconds. */
  readonly timeBudgetMs: number;
  /** The timer's NCRONTAB expression; `undefined` when not set, as for a run from the command line. */
  readonly schedule: string | undefined;
}

/** One wrong setting. Never holds the value: it could be a secret that somebody pasted into the wrong line. */
export interface SettingProblem {
  readonly name: string;
  readonly problem: string;
  readonly example: string;
}

/** All wrong settings at once. */
export class SettingsError extends RollcallError {
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    const lines = problems.map(({ name, problem, example }) => `${name} ${problem}, for example ${example}`);
    super("settings-invalid", {
      doing: "reading the settings",
      problem: lines.join("; "),
      remedy:
        "Correct them in the app settings (in Azure), the environment or local.settings.json (on a laptop).",
    });
    this.problems = problems;
  }
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i;

const EXAMPLES: Readonly<Record<string, string>> = {
  ROLLCALL_TENANT_ID: "87d349ed-44d7-43e1-9a83-5f2406dee5bd or contoso.onmicrosoft.com",
  ROLLCALL_CLIENT_ID: "6731de76-14a6-49ae-97bc-6eba6914391e",
  ROLLCALL_KEY_VAULT_URL: "https://contoso-vault.vault.azure.net",
  ROLLCALL_SECRET_NAME: "graph-secret",
  ROLLCALL_CERTIFICATE_NAME: "graph-cert",
  ROLLCALL_STORAGE: "https://contosodata.blob.core.windows.net",
  ROLLCALL_CONTAINER: "user-snapshots",
  ROLLCALL_SCHEDULE: '"0 0 2 * * *" (02:00 UTC each day)',
  ROLLCALL_PROPERTIES: "id,userPrincipalName,displayName,accountEnabled",
  ROLLCALL_CLOUD: "global, usgov, usgov-dod or china",
  ROLLCALL_AUTHORITY_HOST: "https://login.microsoftonline.com",
  ROLLCALL_GRAPH_URL: "https://graph.microsoft.com",
  ROLLCALL_LISTING: "auto, sequential or sliced",
  ROLLCALL_COUNT: "on or off",
  ROLLCALL_CONCURRENCY: "16",
  ROLLCALL_FORMATS: "ndjson,csv,parquet",
  ROLLCALL_CHANGES: "on or off",
  ROLLCALL_MAX_SHRINK_PERCENT: "20",
  ROLLCALL_TIME_BUDGET_MINUTES: "25",
};

const origin = z.string().transform((value, context) => {
  const url = parseHttpsUrl(value);
  if (url && url.pathname === "/") return url.origin;
  return refuse(context, "must be an https origin without a path");
});

const objectName = z.string().regex(/^[0-9a-z-]{1,127}$/i, "must be 1 to 127 letters, digits and hyphens");

/** The cloud decides which hosts are right, so it is looked up before the rest is read. */
function readerFields(cloud: Cloud) {
  return {
    ROLLCALL_TENANT_ID: z
      .string("is missing")
      .refine(
        (value) => GUID.test(value) || DOMAIN.test(value),
        "must be a directory id or a verified domain",
      )
      .transform((value) => value.toLowerCase()),
    ROLLCALL_STORAGE: z
      .string("is missing")
      .transform((value, context) => parseStorage(value, cloud.blobSuffixes, context)),
    ROLLCALL_CONTAINER: z
      .string()
      .regex(
        /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/,
        "must be 3 to 63 lower-case letters, digits and single hyphens",
      )
      .default("user-snapshots"),
    ROLLCALL_CLOUD: z.enum(Object.keys(CLOUDS), "names no cloud").default("global"),
    ROLLCALL_AUTHORITY_HOST: origin.default(cloud.authorityHost),
    ROLLCALL_GRAPH_URL: origin.default(cloud.graphUrl),
  };
}

function runFields(cloud: Cloud) {
  return {
    ...readerFields(cloud),
    ROLLCALL_CLIENT_ID: z.string("is missing").regex(GUID, "must be an application (client) id"),
    ROLLCALL_KEY_VAULT_URL: z.string("is missing").transform((value, context) => {
      const url = parseHttpsUrl(value);
      if (url?.pathname !== "/") return refuse(context, "must be the https URL of a Key Vault");
      if (isHostUnder(url, [cloud.vaultSuffix])) return url.origin;
      return refuse(context, `must be a host under ${cloud.vaultSuffix}, as the cloud's vaults are`);
    }),
    ROLLCALL_SECRET_NAME: objectName.optional(),
    ROLLCALL_CERTIFICATE_NAME: objectName.optional(),
    ROLLCALL_SCHEDULE: z
      .string()
      .refine(isNcrontab, "must be an NCRONTAB expression of six fields")
      .optional(),
    ROLLCALL_PROPERTIES: z.string().transform(parseProperties).optional(),
    ROLLCALL_LISTING: z.enum(LISTING_MODES, "names no way of listing").default("auto"),
    ROLLCALL_COUNT: z.enum(["on", "off"], "must be on or off").default("on"),
    ROLLCALL_CONCURRENCY: z
      .string()
      .regex(/^\d+$/, "must be a whole number")
      .transform(Number)
      .refine((count) => count >= 1 && count <= 64, "must be 1 to 64 requests at a time")
      .default(16),
    ROLLCALL_FORMATS: z
      .string()
      .transform(
        (value, context) => parseFormats(value) ?? refuse(context, "must name formats, separated by commas"),
      )
      .optional(),
    ROLLCALL_CHANGES: z.enum(["on", "off"], "must be on or off").default("on"),
    ROLLCALL_MAX_SHRINK_PERCENT: z
      .string()
      .regex(/^\d+(\.\d+)?$/, "must be a number of percent")
      .transform(Number)
      .refine((percent) => percent <= 100, "must be 0 to 100 percent")
      .default(20),
    ROLLCALL_TIME_BUDGET_MINUTES: z
      .string()
      .regex(/^\d+(\.\d+)?$/, "must be a number of minutes")
      .transform(Number)
      .refine((minutes) => minutes > 0 && minutes <= 1440, "must be more than 0 and at most 1440 minutes")
      .default(25),
  };
}

/** All settings, each once; docs/settings.md and local.settings.sample.json name the same (tests hold them equal). */
export const SETTING_NAMES: readonly string[] = Object.keys(runFields(CLOUDS.global)).sort();

/**
 * Reads what a run needs.
 *
 * @param environment variable names and values; an empty value counts as not set
 * @throws {SettingsError} naming every wrong setting, before anything is asked of the network
 */
export function readSettings(environment: Environment): Settings {
  const { fields, problems } = parse(z.object(runFields(cloudOf(environment))), environment);
  problems.push(...proxyProblems(environment));
  const isSet = (name: string) => environment[name]?.trim();
  if (Boolean(isSet("ROLLCALL_SECRET_NAME")) === Boolean(isSet("ROLLCALL_CERTIFICATE_NAME"))) {
    problems.push({
      name: "ROLLCALL_SECRET_NAME or ROLLCALL_CERTIFICATE_NAME",
      problem: "must be set, exactly one of the two",
      example: "ROLLCALL_CERTIFICATE_NAME=graph-cert",
    });
  }
  if (!fields || problems.length > 0) throw new SettingsError(problems);

  const certificate = fields.ROLLCALL_CERTIFICATE_NAME;
  return {
    ...readerSettings(fields, environment),
    clientId: fields.ROLLCALL_CLIENT_ID.toLowerCase(),
    vaultUrl: fields.ROLLCALL_KEY_VAULT_URL,
    credential: certificate
      ? { kind: "certificate", name: certificate }
      : { kind: "secret", name: fields.ROLLCALL_SECRET_NAME ?? "" },
    properties: fields.ROLLCALL_PROPERTIES ?? DEFAULT_PROPERTIES,
    listing: fields.ROLLCALL_LISTING,
    count: fields.ROLLCALL_COUNT === "on",
    concurrency: fields.ROLLCALL_CONCURRENCY,
    formats: fields.ROLLCALL_FORMATS ?? ["ndjson"],
    changes: fields.ROLLCALL_CHANGES === "on",
    maxShrinkPercent: fields.ROLLCALL_MAX_SHRINK_PERCENT,
    timeBudgetMs: fields.ROLLCALL_TIME_BUDGET_MINUTES * MINUTE,
    schedule: fields.ROLLCALL_SCHEDULE,
  };
}

/**
 * Reads what the reading commands need, so that an auditor with read access to the storage needs nothing else.
 *
 * @throws {SettingsError} naming every wrong setting
 */
export function readReaderSettings(environment: Environment): ReaderSettings {
  const { fields, problems } = parse(z.object(readerFields(cloudOf(environment))), environment);
  problems.push(...proxyProblems(environment));
  if (!fields || problems.length > 0) throw new SettingsError(problems);
  return readerSettings(fields, environment);
}

/** Names and values; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a URL's host is this machine: the only place where rules made for Azure's hosts are loosened. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function readerSettings(
  fields: z.output<z.ZodObject<ReturnType<typeof readerFields>>>,
  environment: Environment,
): ReaderSettings {
  const proxy = readProxyRules(environment);
  return {
    ...(typeof proxy === "object" && { proxy }),
    tenant: fields.ROLLCALL_TENANT_ID,
    storage: fields.ROLLCALL_STORAGE,
    container: fields.ROLLCALL_CONTAINER,
    cloud: {
      ...cloudOf(environment),
      authorityHost: fields.ROLLCALL_AUTHORITY_HOST,
      graphUrl: fields.ROLLCALL_GRAPH_URL,
    },
  };
}

/** The platform's identity endpoint speaks plain HTTP: its header is a secret, and a proxy could not reach it anyway. */
function proxyProblems(environment: Environment): SettingProblem[] {
  const proxy = readProxyRules(environment);
  if (proxy === undefined) return [];
  if (proxy === "invalid") {
    const example = "http://proxy.contoso.com:8080";
    return [{ name: "HTTPS_PROXY", problem: "must be the http or https URL of a proxy", example }];
  }
  const endpoint = environment.IDENTITY_ENDPOINT;
  if (!endpoint || !URL.canParse(endpoint) || proxy.isDirect(new URL(endpoint).hostname)) return [];
  return [
    {
      name: "NO_PROXY",
      problem:
        "must name the host of IDENTITY_ENDPOINT, which must not be asked through the proxy of HTTPS_PROXY",
      example: `${new URL(endpoint).hostname},169.254.169.254`,
    },
  ];
}

function parse<T>(schema: z.ZodType<T>, environment: Environment) {
  const present = Object.entries(environment)
    .map(([name, value]) => [name, value?.trim()] as const)
    .filter(([, value]) => value !== undefined && value !== "");
  const result = schema.safeParse(Object.fromEntries(present));
  const problems = (result.error?.issues ?? []).map(({ path, message }) => problem(String(path[0]), message));
  return { fields: result.data, problems };
}

function problem(name: string, text: string): SettingProblem {
  return { name, problem: text, example: EXAMPLES[name] ?? "" };
}

/** The global cloud also for a name that is none, which is a problem of its own. */
function cloudOf(environment: Environment): Cloud {
  const name = environment.ROLLCALL_CLOUD?.trim() ?? "";
  return Object.entries(CLOUDS).find(([known]) => known === name)?.[1] ?? CLOUDS.global;
}

function isHostUnder(url: URL, suffixes: readonly string[]): boolean {
  const { hostname } = url;
  return isLoopback(url.href) || suffixes.some((suffix) => hostname.endsWith(suffix) && hostname !== suffix);
}

function parseHttpsUrl(value: string): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isPlain = url?.protocol === "https:" && !url.username && !url.password && !url.search && !url.hash;
  return isPlain ? url : undefined;
}

function parseStorage(value: string, suffixes: readonly string[], context: z.RefinementCtx): StorageSettings {
  if (value.includes("=") && !/^https?:/i.test(value)) {
    if (isLocalConnectionString(value)) return { kind: "local", connectionString: value };
    return refuse(
      context,
      "is a connection string for an account in Azure, which would keep its key in a setting; use the blob service URL",
    );
  }
  const url = parseHttpsUrl(value);
  // A path is the account's name, as Azurite has it, and makes sense on this machine only.
  if (!url || (url.pathname !== "/" && !isLoopback(url.href))) {
    return refuse(context, "must be an https blob service URL without path, query or SAS");
  }
  if (isHostUnder(url, suffixes)) return { kind: "identity", url: url.href.replace(/\/$/, "") };
  return refuse(context, `must be a host under ${suffixes.join(" or ")}, as the cloud's blob services are`);
}

/** Reads it as the storage SDK will: names in their exact case, the first of a name, spaces around an element ignored. */
function isLocalConnectionString(value: string): boolean {
  const elements = value.split(";").map((element) => element.trim());
  if (elements.filter(Boolean).join() === "UseDevelopmentStorage=true") return true;
  const endpoint = elements
    .find((element) => element.startsWith("BlobEndpoint="))
    ?.slice("BlobEndpoint=".length);
  return endpoint !== undefined && URL.canParse(endpoint) && isLoopback(endpoint);
}

function parseProperties(value: string, context: z.RefinementCtx): string[] {
  const names = value.split(",").map((name) => name.trim());
  if (names.some((name) => !/^[A-Za-z][A-Za-z0-9_]{0,127}$/.test(name))) {
    return refuse(context, "must be property names separated by commas");
  }
  const misspelt = names.flatMap((name) => rightSpelling(name) ?? []);
  if (misspelt.length > 0) {
    return refuse(context, `must spell ${misspelt.join(", ")} so, as Graph does in its answers`);
  }
  const unlistable = names.filter((name) => UNLISTABLE_PROPERTIES.has(name));
  if (unlistable.length > 0) {
    return refuse(context, `asks for ${unlistable.join(", ")}, which Graph returns for a single user only`);
  }
  return [...new Set(names.includes("id") ? names : ["id", ...names])];
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}
