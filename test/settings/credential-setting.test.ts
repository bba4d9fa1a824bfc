import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CREDENTIAL_KINDS } from "../../src/settings/credential-kind.ts";
import { type Environment, readSettings } from "../../src/settings/settings.ts";
import { assertRefused, errorOf, RIGHT, withSettings } from "./right-settings.ts";

const CLIENT_ID = "6731de76-14a6-49ae-97bc-6eba6914391e";
const VAULT_URL = "https://contoso-vault.vault.azure.net";

/** Without anything that says how to sign in. */
const BARE = withSettings({
  ROLLCALL_CLIENT_ID: undefined,
  ROLLCALL_KEY_VAULT_URL: undefined,
  ROLLCALL_CERTIFICATE_NAME: undefined,
});

/** What each kind needs, and nothing else. */
const RIGHT_OF: Readonly<Record<(typeof CREDENTIAL_KINDS)[number], Environment>> = {
  certificate: { ...RIGHT, ROLLCALL_CREDENTIAL: "certificate" },
  secret: withSettings({
    ROLLCALL_CREDENTIAL: "secret",
    ROLLCALL_CERTIFICATE_NAME: undefined,
    ROLLCALL_SECRET_NAME: "graph-secret",
  }),
  federated: { ...BARE, ROLLCALL_CREDENTIAL: "federated", ROLLCALL_CLIENT_ID: CLIENT_ID },
  "managed-identity": { ...BARE, ROLLCALL_CREDENTIAL: "managed-identity" },
};

function problemsOf(environment: Environment): readonly string[] {
  return errorOf(environment).problems.map(({ name, problem }) => `${name} ${problem}`);
}

describe("ROLLCALL_SECRET_NAME and ROLLCALL_CERTIFICATE_NAME", () => {
  const either = "ROLLCALL_SECRET_NAME or ROLLCALL_CERTIFICATE_NAME";

  it("takes either", () => {
    const app = { clientId: CLIENT_ID, vaultUrl: VAULT_URL };
    assert.deepEqual(readSettings(RIGHT).credential, { kind: "certificate", name: "graph-cert", ...app });
    const secret = withSettings({
      ROLLCALL_CERTIFICATE_NAME: undefined,
      ROLLCALL_SECRET_NAME: "graph-secret",
    });
    assert.deepEqual(readSettings(secret).credential, { kind: "secret", name: "graph-secret", ...app });
  });

  it("refuses both", () => {
    const { problems } = errorOf(withSettings({ ROLLCALL_SECRET_NAME: "graph-secret" }));
    assert.deepEqual(
      problems.map(({ name }) => name),
      [either],
    );
  });

  it("refuses neither", () => {
    for (const blank of [undefined, "", " "]) {
      const { problems } = errorOf(withSettings({ ROLLCALL_CERTIFICATE_NAME: blank }));
      assert.deepEqual(
        problems.map(({ name }) => name),
        [either],
      );
    }
  });

  it("refuses a name that Key Vault would not have", () => {
    for (const name of ["graph_cert", "graph/cert", "graph.cert", "../keys", "a".repeat(128)]) {
      assertRefused({ ROLLCALL_CERTIFICATE_NAME: name }, /^must be 1 to 127 letters, digits and hyphens$/);
    }
  });
});

describe("ROLLCALL_CREDENTIAL", () => {
  it("takes each kind with what it needs, and blanks for the rest", () => {
    const blank = { ROLLCALL_SECRET_NAME: " ", ROLLCALL_CERTIFICATE_NAME: "", ROLLCALL_CLIENT_ID: "" };
    for (const kind of CREDENTIAL_KINDS) {
      assert.equal(readSettings({ ...blank, ...RIGHT_OF[kind] }).credential.kind, kind);
    }
    assert.deepEqual(readSettings(RIGHT_OF.certificate), readSettings(RIGHT));
    const { federated } = RIGHT_OF;
    assert.deepEqual(readSettings(federated).credential, { kind: "federated", clientId: CLIENT_ID });
    assert.deepEqual(readSettings(RIGHT_OF["managed-identity"]).credential, { kind: "managed-identity" });
  });

  it("refuses what is no kind, without a guess of what else is wrong", () => {
    for (const kind of ["cert", "Federated", "none", "managed_identity"]) {
      assertRefused(
        { ROLLCALL_CREDENTIAL: kind },
        /^must be certificate, secret, federated, managed-identity$/,
      );
    }
  });

  it("names all that a kind needs at once", () => {
    const missing = (kind: string) => problemsOf({ ...BARE, ROLLCALL_CREDENTIAL: kind });
    for (const [kind, object] of [
      ["certificate", "ROLLCALL_CERTIFICATE_NAME"],
      ["secret", "ROLLCALL_SECRET_NAME"],
    ] as const) {
      const because = `is missing, and ROLLCALL_CREDENTIAL=${kind} needs it`;
      assert.deepEqual(missing(kind), [
        `ROLLCALL_CLIENT_ID ${because}`,
        `ROLLCALL_KEY_VAULT_URL ${because}`,
        `${object} ${because}`,
      ]);
    }
    assert.deepEqual(missing("federated"), [
      "ROLLCALL_CLIENT_ID is missing, and ROLLCALL_CREDENTIAL=federated needs it",
    ]);
  });

  it("names all that contradicts a kind at once", () => {
    const names = { ROLLCALL_SECRET_NAME: "graph-secret", ROLLCALL_CERTIFICATE_NAME: "graph-cert" };
    assert.deepEqual(problemsOf({ ...RIGHT_OF.federated, ...names }), [
      "ROLLCALL_SECRET_NAME must be empty with ROLLCALL_CREDENTIAL=federated",
      "ROLLCALL_CERTIFICATE_NAME must be empty with ROLLCALL_CREDENTIAL=federated",
    ]);
    const all = { ...RIGHT_OF["managed-identity"], ...names, ROLLCALL_CLIENT_ID: CLIENT_ID };
    assert.deepEqual(problemsOf(all), [
      "ROLLCALL_CLIENT_ID must be empty with ROLLCALL_CREDENTIAL=managed-identity: there is no app registration, and AZURE_CLIENT_ID names the identity",
      "ROLLCALL_SECRET_NAME must be empty with ROLLCALL_CREDENTIAL=managed-identity",
      "ROLLCALL_CERTIFICATE_NAME must be empty with ROLLCALL_CREDENTIAL=managed-identity",
    ]);
    assert.deepEqual(problemsOf({ ...RIGHT_OF.certificate, ROLLCALL_SECRET_NAME: "graph-secret" }), [
      "ROLLCALL_SECRET_NAME must be empty with ROLLCALL_CREDENTIAL=certificate",
    ]);
  });

  it("tells a missing name and a contradicting one together with what else is wrong", () => {
    const problems = problemsOf({
      ...RIGHT_OF.secret,
      ROLLCALL_SECRET_NAME: undefined,
      ROLLCALL_CERTIFICATE_NAME: "graph-cert",
      ROLLCALL_CONTAINER: "Users",
    });
    assert.equal(problems.length, 3);
    assert.ok(problems.includes("ROLLCALL_SECRET_NAME is missing, and ROLLCALL_CREDENTIAL=secret needs it"));
    assert.ok(problems.includes("ROLLCALL_CERTIFICATE_NAME must be empty with ROLLCALL_CREDENTIAL=secret"));
  });

  it("needs a vault without a secret in it where a key signs", () => {
    for (const kind of ["federated", "managed-identity"] as const) {
      const signed = { ...RIGHT_OF[kind], ROLLCALL_SIGNING_KEY_NAME: "manifest-key" };
      assert.deepEqual(problemsOf(signed), [
        "ROLLCALL_KEY_VAULT_URL is missing, and ROLLCALL_SIGNING_KEY_NAME needs it",
      ]);
      const { signingKey } = readSettings({ ...signed, ROLLCALL_KEY_VAULT_URL: VAULT_URL });
      assert.deepEqual(signingKey, { vaultUrl: VAULT_URL, name: "manifest-key" });
    }
    const both = { ...RIGHT, ROLLCALL_KEY_VAULT_URL: "", ROLLCALL_SIGNING_KEY_NAME: "manifest-key" };
    assert.deepEqual(problemsOf(both), ["ROLLCALL_KEY_VAULT_URL is missing"]);
  });

  it("still holds a vault that nothing needs to the cloud's hosts", () => {
    const vault = (url: string) => ({ ...RIGHT_OF.federated, ROLLCALL_KEY_VAULT_URL: url });
    assert.equal(readSettings(vault(VAULT_URL)).credential.kind, "federated");
    assert.match(problemsOf(vault("https://vault.example")).join(), /^ROLLCALL_KEY_VAULT_URL must be a host/);
  });
});
