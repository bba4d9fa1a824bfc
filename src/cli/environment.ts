import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseJson } from "../http/json.ts";
import { type Environment, type SettingProblem, SettingsError } from "../settings.ts";
import { believable } from "./local-trust.ts";

/** An environment that takes what `local.settings.json` adds; `process.env` is one. */
export type MutableEnvironment = Record<string, string | undefined>;

const FILE = "local.settings.json";
const EXAMPLE = '{ "IsEncrypted": false, "Values": { "ROLLCALL_CONTAINER": "user-snapshots" } }';

/**
 * The settings of this process: its environment or, where that names none of ours, the values in `local.settings.json`.
 *
 * The values are then put into `environment`, as the Functions host does, because the Azure identity library reads its
 * own from `process.env`. What is set already stays.
 *
 * @param folder where `local.settings.json` is looked for
 * @param trusted takes all that the file says; otherwise only what {@link believable} does
 * @throws {SettingsError} for a `local.settings.json` that cannot be used or believed; a missing one is none
 */
export function loadEnvironment(
  environment: MutableEnvironment,
  folder: string,
  trusted = false,
): Environment {
  if (Object.keys(environment).some((name) => name.startsWith("ROLLCALL_"))) return environment;
  const file = readOptional(resolve(folder, FILE));
  if (!file) return environment;
  const all = readValues(file);
  const { taken: values, problems } = trusted ? { taken: all, problems: [] } : believable(all);
  if (problems.length > 0) throw broken(...problems);
  const startedWith = environment.NODE_EXTRA_CA_CERTS;
  for (const [name, value] of Object.entries(values)) environment[name] ??= value;
  // Beside those that the shell may name already, such as a company's: trusting more takes nothing away.
  const authorities = values.NODE_EXTRA_CA_CERTS;
  if (authorities && authorities !== startedWith) trust(resolve(folder, authorities));
  return environment;
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
