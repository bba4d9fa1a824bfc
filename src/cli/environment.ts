import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseJson } from "../http/json.ts";
import { CLOUDS } from "../settings/clouds.ts";
import {
  type Environment,
  forTenant,
  isLoopback,
  type SettingProblem,
  SettingsError,
} from "../settings/settings.ts";
import type { MutableEnvironment, Terminal } from "./terminal.ts";

const FILE = "local.settings.json";
const EXAMPLE = '{ "IsEncrypted": false, "Values": { "ROLLCALL_CONTAINER": "user-snapshots" } }';

/** What the file may name beside our own settings: what a sandbox on this machine needs, and which identity is meant. */
const MAY_NAME: ReadonlySet<string> = new Set([
  "AZURE_CLIENT_ID",
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "NODE_EXTRA_CA_CERTS",
]);
const IDENTITY: readonly string[] = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"];
/** Names by which credentials are found or requests find their way; what else is there is the Functions host's. */
const STEERS_CREDENTIALS =
  /^(AZURE_(?!FUNCTIONS_)|IDENTITY_|IMDS_|MSI_|NODE_|SSL_|HTTPS?_PROXY$|ALL_PROXY$|NO_PROXY$)/i;
const KNOWN_ORIGINS: ReadonlySet<string> = new Set(
  Object.values(CLOUDS).flatMap(({ authorityHost, graphUrl }) => [authorityHost, graphUrl]),
);
const WHY =
  "which that file may not do by itself: whoever wrote it would be sent the app's secret or its tokens. " +
  "Set it in the environment, or read the file and run with --trust-local-settings";

/**
 * The settings of a command, see {@link loadEnvironment}.
 *
 * @throws {SettingsError} for a `local.settings.json` that cannot be used
 */
export function environmentOf({ io, trustsLocalSettings, tenant }: Terminal): Environment {
  const environment = loadEnvironment(io.environment, io.cwd, trustsLocalSettings);
  return tenant === undefined ? environment : forTenant(environment, tenant);
}

/**
 * The settings of this process: its environment or, where that names none of ours, the values in `local.settings.json`.
 *
 * The values are then put into `environment`, as the Functions host does, because the Azure identity library reads its
 * own from `process.env`. What is set already stays. A folder may be anybody's: its file names no host outside of the
 * known clouds and this machine, and no variable that would send a credential elsewhere.
 *
 * @param folder where `local.settings.json` is looked for
 * @param isTrusted whether somebody has read the file and vouches for it
 * @throws {SettingsError} for a `local.settings.json` that cannot be used; a missing one is none
 */
export function loadEnvironment(
  environment: MutableEnvironment,
  folder: string,
  isTrusted = false,
): Environment {
  if (Object.keys(environment).some((name) => name.startsWith("ROLLCALL_"))) return environment;
  const file = readOptional(resolve(folder, FILE));
  if (!file) return environment;
  const values = isTrusted ? readValues(file) : harmless(readValues(file));
  const startedWith = environment.NODE_EXTRA_CA_CERTS;
  // Both or neither: an endpoint of the file's must not be sent the header of the environment's.
  const hasIdentity = IDENTITY.some((name) => environment[name] !== undefined);
  for (const [name, value] of Object.entries(values)) {
    if (!(hasIdentity && IDENTITY.includes(name))) environment[name] ??= value;
  }
  // Beside those that the shell may name already, such as a company's: trusting more takes nothing away.
  const authorities = values.NODE_EXTRA_CA_CERTS;
  if (authorities && authorities !== startedWith) trust(resolve(folder, authorities));
  return environment;
}

/** The values without those of the Functions host; refuses a file that could send a credential elsewhere. */
function harmless(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const problems = Object.entries(values).flatMap(([name, value]) => {
    const problem = value.trim() === "" ? undefined : harmOf(name, value.trim(), values);
    return problem === undefined
      ? []
      : [{ name: `${name} in ${FILE}`, problem: `${problem}, ${WHY}`, example: "https://127.0.0.1:7443" }];
  });
  if (problems.length > 0) throw broken(...problems);
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => name.startsWith("ROLLCALL_") || MAY_NAME.has(name)),
  );
}

function harmOf(name: string, value: string, values: Readonly<Record<string, string>>): string | undefined {
  switch (name) {
    case "ROLLCALL_AUTHORITY_HOST":
    case "ROLLCALL_GRAPH_URL": {
      // What is no URL is refused by the settings' own rules.
      if (!URL.canParse(value) || KNOWN_ORIGINS.has(new URL(value).origin) || isLoopback(value))
        return undefined;
      return "names a host outside of the known clouds";
    }
    case "IDENTITY_ENDPOINT":
      return URL.canParse(value) && isLoopback(value) ? undefined : "names a host other than this machine";
    case "NODE_EXTRA_CA_CERTS": {
      return isAllHere(values)
        ? undefined
        : "has more certificates trusted, for hosts that are not all on this machine";
    }
    default:
      return STEERS_CREDENTIALS.test(name) && !MAY_NAME.has(name) ? "steers where credentials go" : undefined;
  }
}

/**
 * Whether the file is about a sandbox: a certificate authority of somebody's could pass for any host elsewhere, and for
 * an authority host on this machine to which a real vault's secret is sent.
 */
function isAllHere(values: Readonly<Record<string, string>>): boolean {
  const { ROLLCALL_AUTHORITY_HOST, ROLLCALL_GRAPH_URL, ROLLCALL_KEY_VAULT_URL, ROLLCALL_STORAGE } = values;
  // Without its own it is Microsoft's authority host that would be asked.
  if (!ROLLCALL_AUTHORITY_HOST?.trim()) return false;
  return [ROLLCALL_AUTHORITY_HOST, ROLLCALL_GRAPH_URL, ROLLCALL_KEY_VAULT_URL, ROLLCALL_STORAGE]
    .map((url) => url?.trim() ?? "")
    .filter((url) => URL.canParse(url))
    .every(isLoopback);
}

function readValues(file: Buffer): Readonly<Record<string, string>> {
  const document = parseJson(file);
  if (!isRecord(document)) throw broken({ name: FILE, problem: "is not a JSON object", example: EXAMPLE });
  if (document.IsEncrypted === true) {
    throw broken({
      name: FILE,
      problem: "is encrypted; `func settings decrypt` makes it readable",
      example: EXAMPLE,
    });
  }
  const { Values: values = {} } = document;
  if (!isRecord(values))
    throw broken({ name: `Values in ${FILE}`, problem: "is no object", example: EXAMPLE });
  const texts = Object.entries(values).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const others = Object.keys(values).filter((name) => typeof values[name] !== "string");
  if (others.length > 0) {
    const problem = "must be a string, as all values of a Functions app";
    throw broken(...others.map((name) => ({ name: `${name} in ${FILE}`, problem, example: '"25"' })));
  }
  return Object.fromEntries(texts);
}

/** Node reads `NODE_EXTRA_CA_CERTS` at its start and never again; this does the same later. */
function trust(path: string): void {
  const pem = readOptional(path)?.toString();
  if (!pem) {
    throw broken({
      name: `NODE_EXTRA_CA_CERTS in ${FILE}`,
      problem: "names a file that is not there",
      example: "authority.pem",
    });
  }
  setDefaultCACertificates([...getCACertificates("default"), pem]);
}

function readOptional(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw broken({ name: path, problem: "cannot be read", example: EXAMPLE });
  }
}

function broken(...problems: readonly SettingProblem[]): SettingsError {
  return new SettingsError(problems);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
