import assert from "node:assert/strict";
import { type Environment, readSettings, SettingsError } from "../../src/settings/settings.ts";

/** The fewest settings of a run, all of them right. */
export const RIGHT: Environment = {
  ROLLCALL_TENANT_ID: "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
  ROLLCALL_CLIENT_ID: "6731de76-14a6-49ae-97bc-6eba6914391e",
  ROLLCALL_KEY_VAULT_URL: "https://contoso-vault.vault.azure.net",
  ROLLCALL_CERTIFICATE_NAME: "graph-cert",
  ROLLCALL_STORAGE: "https://contosodata.blob.core.windows.net",
};

/** The right settings with some of them changed; `undefined` takes one away. */
export function withSettings(changes: Environment): Environment {
  return { ...RIGHT, ...changes };
}

/** The error that the settings are refused with. */
export function errorOf(
  environment: Environment,
  read: (from: Environment) => unknown = readSettings,
): SettingsError {
  try {
    read(environment);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error;
  }
  assert.fail(`was accepted: ${JSON.stringify(environment)}`);
}

/** Asserts that one setting alone is refused, with these words. */
export function assertRefused(changes: Environment, words: RegExp): void {
  const { problems } = errorOf(withSettings(changes));
  assert.deepEqual(
    problems.map(({ name }) => name),
    Object.keys(changes),
    JSON.stringify(changes),
  );
  assert.match(problems[0]?.problem ?? "", words, JSON.stringify(changes));
  assert.notEqual(problems[0]?.example, "");
}
