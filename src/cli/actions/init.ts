import { access } from "node:fs/promises";
import path from "node:path";
import { SECOND, systemClock } from "../../clock.ts";
import { RollcallError } from "../../error.ts";
import { resolveTenantId } from "../../identity/tenant-id.ts";
import { cloudNamed } from "../../settings/clouds.ts";
import type { CredentialKind } from "../../settings/credential-kind.ts";
import { runDeclarations } from "../../settings/declarations.ts";
import { readProxy } from "../../settings/proxy-setting.ts";
import { readSettings, type SettingProblem, SettingsError } from "../../settings/settings.ts";
import { type AzAccount, azAccount } from "../az-account.ts";
import { Interview } from "../interview.ts";
import { OutputFile } from "../output-file.ts";
import { ProgressDisplay } from "../progress-display.ts";
import type { Terminal } from "../terminal.ts";
import { doctor } from "./doctor.ts";

const FILE = "local.settings.json";
/** Only its owner may read it: it says where everything is. */
const MODE = 0o600;
/** How long somebody waits to hear whether a domain is that of a tenant. */
const LOOK_UP_WITHIN_MS = 20 * SECOND;
/** What the Functions host wants when it runs here, and a schedule for it. */
const FOR_THE_HOST = {
  AzureWebJobsStorage: "UseDevelopmentStorage=true",
  FUNCTIONS_WORKER_RUNTIME: "node",
  ROLLCALL_SCHEDULE: "0 0 2 * * *",
};

/** Options of `rollcall init`. */
export interface InitOptions {
  readonly tenant?: string;
  readonly credential?: CredentialKind;
  readonly clientId?: string;
  readonly vault?: string;
  readonly certificateName?: string;
  readonly secretName?: string;
  readonly storage?: string;
  readonly container?: string;
  /** By the names of the settings. */
  readonly set?: Readonly<Record<string, string>>;
  readonly force?: boolean;
}

/** Writes `local.settings.json` from answers and options, and checks that it works. */
export async function init(terminal: Terminal, options: InitOptions): Promise<void> {
  const { environment, cwd } = terminal.io;
  refuseOtherSettings(environment);
  const place = path.join(cwd, FILE);
  using interview = new Interview(terminal.io, given(options));
  if (!options.force && (await exists(place))) {
    if (!interview.isAttended) throw isThere(place);
    if (!(await interview.confirm(`${place} is there. Replace it?`))) throw isThere(place);
  }
  await using file = await OutputFile.open(place, MODE);
  const { signal } = interview;
  const account = interview.isAttended ? await accountOf(terminal, signal) : undefined;
  await askAll(interview, account, { environment, signal });
  refuseWrong(interview);
  const values = { ...FOR_THE_HOST, ...interview.answers };
  await file.write(`${JSON.stringify({ IsEncrypted: false, Values: values }, null, 2)}\n`);
  await file.publish();
  interview[Symbol.dispose]();
  await terminal.print(`Wrote ${place}`, "");
  await doctor(terminal, {});
}

/** What az knows, which may take seconds. */
async function accountOf(terminal: Terminal, signal: AbortSignal): Promise<AzAccount | undefined> {
  using display = new ProgressDisplay(terminal);
  display.show("Asking az where you are signed in");
  return await azAccount(terminal.io.environment, signal);
}

/** What options say, by the names of the settings. */
function given(options: InitOptions): Readonly<Record<string, string>> {
  const values = {
    ROLLCALL_TENANT_ID: options.tenant,
    ROLLCALL_CREDENTIAL: options.credential,
    ROLLCALL_CLIENT_ID: options.clientId,
    ROLLCALL_KEY_VAULT_URL: options.vault,
    ROLLCALL_CERTIFICATE_NAME: options.certificateName,
    ROLLCALL_SECRET_NAME: options.secretName,
    ROLLCALL_STORAGE: options.storage,
    ROLLCALL_CONTAINER: options.container,
    ...options.set,
  };
  const said = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(said);
}

/** What a check of an answer may need. */
interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

async function askAll(
  interview: Interview,
  account: AzAccount | undefined,
  { environment, signal }: Surroundings,
): Promise<void> {
  const { cloud: cloudSetting } = runDeclarations(cloudNamed(undefined));
  const cloudName = await interview.ask({
    setting: cloudSetting,
    text: "Microsoft cloud (global, usgov, usgov-dod or china)",
    suggestion: account?.cloud ?? "global",
  });
  const cloud = cloudNamed(cloudName);
  const settings = runDeclarations(cloud);
  // What is wrong with it, if anything, is told with all other wrong settings.
  const authorityHost =
    settings.authorityHost.rule.safeParse(interview.answers[settings.authorityHost.name]).data ??
    cloud.authorityHost;
  const context = () => ({
    clock: systemClock,
    signal,
    deadlineMs: systemClock.elapsed() + LOOK_UP_WITHIN_MS,
    proxy: readProxy(environment).proxy,
  });
  await interview.ask({
    setting: settings.tenant,
    text: "Tenant (directory id or verified domain)",
    suggestion: account?.tenantId,
    check: (tenant) => problemIn(resolveTenantId(tenant, authorityHost, context())),
  });
  const kind = await interview.ask({
    setting: settings.credential,
    text: "Sign in with (certificate, secret, federated or managed-identity)",
    suggestion: impliedKind(interview.answers) ?? "certificate",
  });
  if (kind !== "managed-identity") {
    await interview.ask({
      setting: settings.clientId,
      text: "Application (client) id of the app registration",
    });
  }
  if (kind === "certificate" || kind === "secret") {
    await interview.ask({ setting: settings.vaultUrl, text: "Key Vault, as a URL" });
    const isSecret = kind === "secret";
    await interview.ask({
      setting: isSecret ? settings.secretName : settings.certificateName,
      text: isSecret
        ? "Name of the vault's secret that holds the client secret (the name, not the secret)"
        : "Name of the vault's certificate",
      suggestion: isSecret ? settings.secretName.example : settings.certificateName.example,
    });
  }
  await interview.ask({ setting: settings.storage, text: "Blob service of the storage account, as a URL" });
  await interview.ask({
    setting: settings.container,
    text: "Container of the snapshots",
    suggestion: settings.container.example,
  });
}

/** @throws {SettingsError} for all that is wrong or missing, each once: what was asked about is told as it was found then */
function refuseWrong({ problems, answers }: Interview): void {
  const told = new Set(problems.map(({ name }) => name));
  const all = [...problems, ...problemsOf(answers).filter(({ name }) => !told.has(name))];
  if (all.length > 0)
    throw new SettingsError(
      all,
      "Nothing was written. `rollcall init --help` shows the options that say them.",
    );
}

function problemsOf(answers: Readonly<Record<string, string>>): readonly SettingProblem[] {
  try {
    readSettings(answers);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems;
  }
}

function impliedKind(answers: Readonly<Record<string, string>>): CredentialKind | undefined {
  if (answers.ROLLCALL_SECRET_NAME !== undefined) return "secret";
  return answers.ROLLCALL_CERTIFICATE_NAME === undefined ? undefined : "certificate";
}

async function problemIn(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (!(error instanceof RollcallError) || error.code === "terminated") throw error;
    return `is refused (${error.code}): ${error.problem}`;
  }
}

/** Settings of the environment win over the file, so the file would change nothing. */
function refuseOtherSettings(environment: Readonly<Record<string, string | undefined>>): void {
  const names = Object.keys(environment).filter((name) => name.startsWith("ROLLCALL_"));
  if (names.length === 0) return;
  throw new SettingsError(
    names.map((name) => ({
      name,
      problem: `is in the environment, and then ${FILE} is not read: unset it first`,
      example: `unset ${name}`,
    })),
  );
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

function isThere(file: string): RollcallError {
  return new RollcallError("output-unwritable", {
    doing: `writing ${file}`,
    problem: "it is there already",
    remedy: "Nothing was changed. Replace it with --force, or run `rollcall doctor` to check it.",
  });
}
