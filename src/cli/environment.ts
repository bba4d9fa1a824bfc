import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseJson } from "../http/json.ts";
import { CLOUDS } from "../identity/clouds.ts";
import { type Environment, isLoopback, type SettingProblem, SettingsError } from "../settings.ts";

/** An environment that takes what `local.settings.json` adds; `process.env` is one. */
export type MutableEnvironment = Record<string, string | undefined>;

const FILE = "local.settings.json";
const EXAMPLE = '{ "IsEncrypted": false, "Values": { "ROLLCALL_CONTAINER": "user-snapshots" } }';

/** The flag that lets a file name hosts outside the known clouds. */
export const TRUST_FLAG = "--trust-local-hosts";

/** Beside `ROLLCALL_…`, all that the file may set. Anything else in it is the Functions host's, and ignored. */
const IDENTITY_NAMES = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"];
const OTHER_NAMES = ["AZURE_CLIENT_ID", "NODE_EXTRA_CA_CERTS"];

/** What the Azure SDKs and Node read and a file must not set: it says where credentials go, or who may read them. */
const SENDS_ELSEWHERE =
  /^(AZURE_(?!FUNCTIONS_)|MSI_|IDENTITY_|IMDS_|NODE_TLS_|SSL_CERT_|(HTTPS?|ALL|NO)_PROXY$)/i;

/** Origins that a file may name wherever it comes from. */
const KNOWN_ORIGINS = new Set<string>(
  Object.values(CLOUDS).flatMap(({ authorityHost, graphUrl }) => [authorityHost, graphUrl]),
);

/** Settings that name a host. The vault's and the storage's are held to the cloud's names, or this machine, by themselves. */
const HOST_NAMES = ["ROLLCALL_AUTHORITY_HOST", "ROLLCALL_GRAPH_URL", "IDENTITY_ENDPOINT"];
const SERVICE_NAMES = ["ROLLCALL_KEY_VAULT_URL", "ROLLCALL_STORAGE", ...HOST_NAMES];

/**
 * The settings of this process: its environment or, where that names none of ours, the values in `local.settings.json`.
 *
 * The values are then put into `environment`, as the Functions host does, because the Azure identity library reads its
 * own from `process.env`. What is set already stays.
 *
 * Whoever wrote the file of a folder need not be who runs a command there. So it may set few names, and no host to which
 * a credential would go but those of the known clouds and this machine.
 *
 * @param folder where `local.settings.json` is looked for
 * @param trustHosts whether the file may name other hosts, and authorities for them, all the same
 * @throws {SettingsError} for a `local.settings.json` that cannot be used; a missing one is none
 */
export function loadEnvironment(
  environment: MutableEnvironment,
  folder: string,
  trustHosts = false,
): Environment {
  if (Object.keys(environment).some((name) => name.startsWith("ROLLCALL_"))) return environment;
  const file = readOptional(resolve(folder, FILE));
  if (!file) return environment;
  const values = readValues(file);
  const problems = [...misplaced(values), ...(trustHosts ? [] : untrusted(values))];
  if (problems.length > 0) throw broken(...problems);

  const startedWith = environment.NODE_EXTRA_CA_CERTS;
  const hasIdentity = IDENTITY_NAMES.some((name) => environment[name]);
  for (const [name, value] of Object.entries(values)) {
    // Only both together: the header of the one endpoint is not for the other.
    const isTaken = IDENTITY_NAMES.includes(name) ? !hasIdentity : OTHER_NAMES.includes(name);
    if (isTaken || name.startsWith("ROLLCALL_")) environment[name] ??= value;
  }
  // Beside those that the shell may name already, such as a company's: trusting more takes nothing away.
  const authorities = values.NODE_EXTRA_CA_CERTS;
  if (authorities && authorities !== startedWith) trust(resolve(folder, authorities));
  return environment;
}

/** Names that the file may not set at all. */
function misplaced(values: Values): SettingProblem[] {
  return Object.keys(values)
    .filter((name) => SENDS_ELSEWHERE.test(name) && ![...IDENTITY_NAMES, ...OTHER_NAMES].includes(name))
    .map((name) => ({
      name: `${name} in ${FILE}`,
      problem: "could send credentials elsewhere, so it is taken from the environment only",
      example: `export ${name}=…`,
    }));
}

/** Values that only a file that is trusted may have. */
function untrusted(values: Values): SettingProblem[] {
  const mayBeMeant = `set all ROLLCALL_… in the environment or, if you trust this file, add ${TRUST_FLAG}`;
  const problems = HOST_NAMES.filter((name) => isElsewhere(values[name])).map((name) => ({
    name: `${name} in ${FILE}`,
    problem: `leads to a host of no known cloud, and credentials would be sent there; ${mayBeMeant}`,
    example: name === "IDENTITY_ENDPOINT" ? "http://127.0.0.1:7446/msi/token" : "https://127.0.0.1:7443",
  }));
  if (values.NODE_EXTRA_CA_CERTS && !SERVICE_NAMES.every((name) => isHere(values[name]))) {
    problems.push({
      name: `NODE_EXTRA_CA_CERTS in ${FILE}`,
      problem:
        "lets whoever made that authority pose as a host in Azure; a file may name one only where all services " +
        `are on this machine: set it in the environment or, if you trust this file, add ${TRUST_FLAG}`,
      example: "export NODE_EXTRA_CA_CERTS=/etc/ssl/company.pem",
    });
  }
  return problems;
}

function isElsewhere(value: string | undefined): boolean {
  const text = value?.trim() ?? "";
  // What is no URL is refused as such, when the settings are read.
  return URL.canParse(text) && !isLoopback(text) && !KNOWN_ORIGINS.has(new URL(text).origin);
}

/** Whether a service is on this machine: by its URL, or by a connection string, which names nothing else. */
function isHere(value: string | undefined): boolean {
  const text = value?.trim() ?? "";
  return URL.canParse(text) ? isLoopback(text) : text.includes("=");
}

type Values = Readonly<Record<string, string>>;

function readValues(file: Buffer): Values {
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
