import { RollcallError } from "../error.ts";
import type { ProxyRules } from "../http/proxy.ts";
import { CLOUDS, type Cloud, cloudNamed } from "./clouds.ts";
import {
  type CREDENTIAL_DECLARATIONS,
  type CredentialSetting,
  credentialProblems,
  readCredential,
} from "./credential-setting.ts";
import { readerDeclarations, runDeclarations } from "./declarations.ts";
import type { KeepRules } from "./keep-rules.ts";
import { readProxy } from "./proxy-setting.ts";
import {
  type Checked,
  checkEnvironment,
  type Environment,
  inWords,
  present,
  type SettingProblem,
  type Values,
} from "./setting.ts";
import { SIGNATURE_DECLARATIONS, type SigningKeySetting, signatureProblems } from "./signature-setting.ts";
import { ofOneTenant, type TenantsSetting, tenantsProblems } from "./tenants-setting.ts";

export { isLoopback } from "./hosts.ts";
export type { Environment, SettingProblem } from "./setting.ts";
export type { SigningKeySetting } from "./signature-setting.ts";
export type { StorageSettings } from "./storage-setting.ts";
export { forTenant, namesTenants, type TenantsSetting } from "./tenants-setting.ts";

type ReaderValues = Values<ReturnType<typeof readerDeclarations>>;
type RunValues = Values<ReturnType<typeof runDeclarations>>;

/** What the reading commands need: no vault, no app registration. Each field is declared in {@link readerDeclarations}. */
export interface ReaderSettings
  extends Omit<ReaderValues, "tenants" | "cloud" | "authorityHost" | "graphUrl"> {
  /** The named cloud, with the hosts that are set for it. */
  readonly cloud: Cloud;
  /** As `HTTPS_PROXY` and `NO_PROXY` say; absent: connections are direct. */
  readonly proxy?: ProxyRules;
}

/**
 * What a run needs, checked and with defaults filled in. Holds no secret. Each field is declared in
 * {@link runDeclarations}.
 */
export interface Settings
  extends ReaderSettings,
    Omit<
      RunValues,
      keyof ReaderValues | "vaultUrl" | "signingKeyName" | keyof typeof CREDENTIAL_DECLARATIONS
    > {
  readonly credential: CredentialSetting;
  /** Signs each manifest; `undefined`: manifests are not signed. */
  readonly signingKey: SigningKeySetting | undefined;
}

/** All wrong settings at once. */
export class SettingsError extends RollcallError {
  readonly problems: readonly SettingProblem[];

  /** @param remedy where they are corrected */
  constructor(
    problems: readonly SettingProblem[],
    remedy = "Correct them in the app settings (in Azure), the environment or local.settings.json (on a laptop).",
  ) {
    super("settings-invalid", {
      doing: "reading the settings",
      problem: inWords(problems),
      remedy,
    });
    this.problems = problems;
  }
}

/** All settings, each once. */
export const SETTING_NAMES: readonly string[] = Object.values(runDeclarations(CLOUDS.global))
  .map(({ name }) => name)
  .sort();

/**
 * Reads what a run needs.
 *
 * @param environment variable names and values; an empty value counts as not set
 * @throws {SettingsError} naming every wrong setting, before anything is asked of the network
 */
export function readSettings(environment: Environment): Settings {
  const declarations = runDeclarations(cloudOf(environment));
  const declared = checkForOneTenant(declarations, environment);
  const way = readProxy(environment);
  const missing = credentialProblems(environment, declarations);
  const problems = [
    ...declared.problems,
    ...way.problems,
    ...missing,
    ...signatureProblems(environment, declarations.vaultUrl).filter(
      ({ name }) => !missing.some((other) => other.name === name),
    ),
  ];
  const credential = declared.values && readCredential(declared.values);
  if (!declared.values || !credential || problems.length > 0) throw new SettingsError(problems);
  const {
    clientId,
    vaultUrl,
    secretName,
    certificateName,
    signingKeyName: name,
    tenants: _,
    ...values
  } = declared.values;
  const signingKey = name === undefined || vaultUrl === undefined ? undefined : { vaultUrl, name };
  return { ...withHosts(values), ...(way.proxy && { proxy: way.proxy }), credential, signingKey };
}

/**
 * Reads what the reading commands need, so that an auditor with read access to the storage needs nothing else.
 *
 * @throws {SettingsError} naming every wrong setting
 */
export function readReaderSettings(environment: Environment): ReaderSettings {
  const declared = checkForOneTenant(readerDeclarations(cloudOf(environment)), environment);
  const { proxy, problems } = readProxy(environment);
  if (!declared.values || problems.length > 0) throw new SettingsError([...declared.problems, ...problems]);
  const { tenants: _, ...values } = withHosts(declared.values);
  return { ...values, ...(proxy && { proxy }) };
}

/** Several tenants, and what is the same for all of them. */
export interface TenantsSettings extends Omit<ReaderSettings, "tenant"> {
  readonly tenants: TenantsSetting;
}

/**
 * Reads which tenants there are: those of `ROLLCALL_TENANTS`, or the one of `ROLLCALL_TENANT_ID`.
 *
 * @throws {SettingsError} naming every wrong setting
 */
export function readTenantsSettings(environment: Environment): TenantsSettings {
  const { tenant: declaration, ...declarations } = readerDeclarations(cloudOf(environment));
  const tenant = { ...declaration, rule: declaration.rule.optional() };
  const declared = checkEnvironment({ tenant, ...declarations }, environment);
  const { proxy, problems } = readProxy(environment);
  const all = [...declared.problems, ...problems, ...tenantsProblems(environment)];
  if (declared.values && !declared.values.tenant && !declared.values.tenants) {
    const { name, example } = declaration;
    all.push({ name, problem: "is missing, and so is ROLLCALL_TENANTS", example });
  }
  if (!declared.values || all.length > 0) throw new SettingsError(all);
  const { tenant: one, tenants, ...values } = withHosts(declared.values);
  return {
    ...values,
    ...(proxy && { proxy }),
    tenants: tenants ?? { kind: "named", tenants: one ? [one] : [], problems: [], repeats: [] },
  };
}

/**
 * Reads which key signs, for a reader who checks signatures.
 *
 * @returns `undefined` unless the key and its vault are both named
 * @throws {SettingsError} naming every wrong setting
 */
export function readSigningKey(environment: Environment): SigningKeySetting | undefined {
  const { vaultUrl } = runDeclarations(cloudOf(environment));
  const { signingKeyName: name } = SIGNATURE_DECLARATIONS;
  const optional = { vaultUrl: { ...vaultUrl, rule: vaultUrl.rule.optional() }, name };
  const { values, problems } = checkEnvironment(optional, environment);
  if (!values) throw new SettingsError(problems);
  return values.vaultUrl && values.name ? { vaultUrl: values.vaultUrl, name: values.name } : undefined;
}

/**
 * Reads by which rules a run prunes, for a prune without rules of its own.
 *
 * @throws {SettingsError} if they are wrong
 */
export function readKeep(environment: Environment): KeepRules | undefined {
  const { keep } = runDeclarations(cloudOf(environment));
  const { values, problems } = checkEnvironment({ keep }, environment);
  if (!values) throw new SettingsError(problems);
  return values.keep;
}

/** Checks settings that are about one tenant, wherever it is named. */
function checkForOneTenant<S extends ReturnType<typeof readerDeclarations>>(
  declarations: S,
  environment: Environment,
): Checked<S> {
  const one = ofOneTenant(environment);
  const { values, problems } = checkEnvironment(
    declarations,
    "problem" in one ? environment : one.environment,
  );
  const together = tenantsProblems(environment);
  if (!("problem" in one)) {
    return together.length > 0
      ? { values: undefined, problems: [...problems, ...together] }
      : { values, problems };
  }
  // That the other setting is missing is no problem of its own, and a list that cannot be read is told already.
  const others = problems.filter(({ name }) => name !== declarations.tenant.name);
  const isTold = others.some(({ name }) => name === one.problem.name);
  return { values: undefined, problems: isTold ? others : [...others, one.problem] };
}

/** Known before the rest is read: it decides which hosts are right. */
function cloudOf({ ROLLCALL_CLOUD }: Environment): Cloud {
  return cloudNamed(present(ROLLCALL_CLOUD));
}

/** The cloud with the hosts that are set for it. */
function withHosts<T extends Pick<ReaderValues, "cloud" | "authorityHost" | "graphUrl">>({
  authorityHost,
  graphUrl,
  ...values
}: T) {
  return { ...values, cloud: { ...values.cloud, authorityHost, graphUrl } };
}
