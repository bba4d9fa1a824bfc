import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { at, Snapshot, VARIANTS, type Variant } from "./snapshots.ts";

const OPERATOR = "0a0b0c0d-1111-4222-8333-444455556666";

const ROLES: Readonly<Record<string, string>> = {
  "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
  "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
  "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
  "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
  "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
  "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
  "a4417e6f-fecd-4de8-b567-7b0420556985": "Key Vault Certificates Officer",
  "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
  "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
  "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
};

/** `WHO: ROLE on SCOPE`, the scope without the token that makes names unique. */
function rolesOf(variant: Variant): readonly string[] {
  return new Snapshot(variant)
    .all("Microsoft.Authorization/roleAssignments")
    .map(({ id, properties }) => {
      const role = ROLES[String(properties.roleDefinitionId).split("/").at(-1) ?? ""];
      const [scope = ""] = id.split("/providers/Microsoft.Authorization/roleAssignments/");
      const [, group = "", place = ""] =
        /\/resourceGroups\/([^/]+)\/providers\/[^/]+\/(.+)$/.exec(scope) ?? [];
      return `${holder(String(properties.principalId))}: ${role} on ${group}/${place.replaceAll(/[a-z0-9]{13}(?=\/|$)/g, "*")}`;
    })
    .sort();
}

/** A role is held by an object id: of the operator as given, of an identity made here as Azure will say. */
function holder(principalId: string): string {
  if (principalId === OPERATOR) return "operator";
  const identity =
    /^\[reference\('[^']+\/userAssignedIdentities\/id-rollcall-[a-z0-9]{13}(-alerts)?'.*\)\.principalId\]$/;
  const [, suffix] = identity.exec(principalId) ?? assert.fail(principalId);
  return suffix === undefined ? "function" : "alerts";
}

const HOST = "function: Storage Blob Data Owner on rollcall/storageAccounts/strollhost*";
const SNAPSHOTS =
  "Storage Blob Data Contributor on rollcall/storageAccounts/strollsnap*/blobServices/default/containers/user-snapshots";
const TELEMETRY = [
  "alerts: Reader on rollcall/components/appi-rollcall-*",
  "function: Monitoring Metrics Publisher on rollcall/components/appi-rollcall-*",
];

describe("role assignments", () => {
  it("are those that a run needs, each on the one thing that it is for", () => {
    assert.deepEqual(
      rolesOf("basic"),
      [
        ...TELEMETRY,
        "function: Key Vault Secrets User on rollcall/vaults/kv-roll-*",
        `function: ${SNAPSHOTS}`,
        HOST,
      ].sort(),
    );
  });

  it("let the Function into no vault where it needs none, and a pipeline nowhere", () => {
    for (const variant of ["federated", "managed-identity"] as const) {
      assert.deepEqual(rolesOf(variant), [...TELEMETRY, `function: ${SNAPSHOTS}`, HOST].sort(), variant);
    }
  });

  it("let the Function into the host's queues where it has several tenants", () => {
    assert.deepEqual(
      rolesOf("tenants"),
      [
        ...TELEMETRY,
        "function: Key Vault Secrets User on rollcall/vaults/kv-roll-*",
        `function: ${SNAPSHOTS}`,
        HOST,
        HOST.replace("Blob Data Owner", "Queue Data Contributor"),
      ].sort(),
    );
  });

  it("are on one secret, one key and one container in a vault and an account of other people's", () => {
    assert.deepEqual(
      rolesOf("existing"),
      [
        ...TELEMETRY,
        HOST,
        "function: Key Vault Crypto User on security/vaults/contoso-vault/keys/manifest-key",
        "function: Key Vault Secrets User on security/vaults/contoso-vault/secrets/graph-cert",
        "function: Storage Blob Data Contributor on data/storageAccounts/contosolake/blobServices/default/containers/user-snapshots",
      ].sort(),
    );
  });

  it("let the operator make the credential and read snapshots, and nothing else", () => {
    assert.deepEqual(
      rolesOf("full").filter((role) => role.startsWith("operator")),
      [
        "operator: Key Vault Secrets Officer on rollcall/vaults/kv-roll-*",
        "operator: Storage Blob Data Reader on rollcall/storageAccounts/strollsnap*/blobServices/default/containers/user-snapshots",
      ],
    );
    assert.ok(
      rolesOf("full").includes(
        "function: Key Vault Crypto User on rollcall/vaults/kv-roll-*/keys/manifest-key",
      ),
    );
  });

  it("are never on a resource group or a subscription, and say what they are for", () => {
    for (const variant of VARIANTS) {
      for (const { id, properties } of new Snapshot(variant).all("Microsoft.Authorization/roleAssignments")) {
        assert.match(id, /\/resourceGroups\/[^/]+\/providers\/.+\/providers\/Microsoft\.Authorization\//);
        const isOperator = holder(String(properties.principalId)) === "operator";
        const kind = { chosen: "User", full: "Group" }[String(variant)];
        assert.equal(properties.principalType, isOperator ? kind : "ServicePrincipal");
        assert.notEqual(at(properties, "description"), undefined);
      }
    }
  });

  it("let a person make a certificate, and not read its private key", () => {
    assert.deepEqual(
      rolesOf("chosen").filter((role) => role.startsWith("operator")),
      [
        "operator: Key Vault Certificates Officer on rollcall/vaults/chosen-vault",
        "operator: Storage Blob Data Reader on rollcall/storageAccounts/chosenlake/blobServices/default/containers/chosen-snapshots",
      ],
    );
  });

  it("are there before the app, and the app before its alerts and its workbook", () => {
    // The order of a snapshot is that of the file. What Azure waits for is in the template.
    const { resources } = JSON.parse(
      readFileSync(new URL("../../infra/compiled/main.json", import.meta.url), "utf8"),
    ) as { readonly resources: Readonly<Record<string, { readonly dependsOn?: readonly string[] }>> };
    const waitsFor = (name: string) => resources[name]?.dependsOn ?? [];
    const afterTheApp = Object.keys(resources).filter((name) => waitsFor(name).includes("functionApp"));
    assert.deepEqual(afterTheApp, ["alerts", "workbook"]);
    const givesRoles = Object.keys(resources).filter((name) =>
      JSON.stringify(resources[name]).includes('"Microsoft.Authorization/roleAssignments"'),
    );
    assert.ok(givesRoles.length > 4);
    for (const name of givesRoles.filter((name) => name !== "alerts"))
      assert.ok(waitsFor("functionApp").includes(name), name);
    for (const name of Object.keys(resources).filter((name) => name.endsWith("Endpoint")))
      assert.ok(waitsFor("functionApp").includes(name), name);
  });
});
