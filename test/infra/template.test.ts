import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { sourceHashes } from "../../infra/check.ts";
import { readTemplate } from "../../infra/template.ts";
import { at, type Properties, Snapshot, VARIANTS } from "./snapshots.ts";

const INFRA = fileURLToPath(new URL("../../infra/", import.meta.url));

function read(file: string): string {
  return readFileSync(path.join(INFRA, file), "utf8");
}

const STORAGE = "Microsoft.Storage/storageAccounts";
const CONTAINERS = `${STORAGE}/blobServices/containers`;

describe("the compiled template", () => {
  it("is that of the sources as they are now: npm run infra -- --write", () => {
    assert.deepEqual(JSON.parse(read("compiled/sources.json")), sourceHashes());
  });

  it("explains every parameter and output", () => {
    const { parameters, outputs } = readTemplate();
    for (const [name, { metadata }] of Object.entries(parameters)) assert.ok(metadata?.description, name);
    for (const [name, output] of Object.entries(outputs))
      assert.match(JSON.stringify(output), /"description"/, name);
  });

  it("needs nothing but a name", () => {
    const asked = Object.entries(readTemplate().parameters).filter(
      ([, { defaultValue }]) => defaultValue === undefined,
    );
    assert.deepEqual(
      asked.map(([name]) => name),
      ["environmentName"],
    );
  });

  it("takes a secret in one parameter only, which goes into no output and no app setting", () => {
    const secure = Object.entries(readTemplate().parameters).filter(([, { type }]) => /^secure/i.test(type));
    assert.deepEqual(
      secure.map(([name]) => name),
      ["alertWebhookUrl"],
    );
    const text = read("compiled/main.json");
    assert.doesNotMatch(text, /listKeys|listSecrets|listAccountSas|listServiceSas|AccountKey=|getSecret/i);
    for (const variant of VARIANTS) {
      const { outputs } = new Snapshot(variant);
      for (const [name, value] of Object.entries(outputs))
        assert.doesNotMatch(value, /hooks|ConnectionString/, name);
    }
  });

  it("refuses a webhook that is given, and never that there is none", () => {
    // Azure may evaluate a variable that nothing uses.
    const { webhookUrl } = JSON.parse(read("compiled/main.json")).resources.alerts.properties.template
      .variables;
    assert.match(
      webhookUrl,
      /^\[if\(or\(empty\(parameters\('alertWebhookUrl'\)\), startsWith\(.+'https:\/\/'\)\)/,
    );
    assert.match(webhookUrl, /fail\(/);
  });

  it("has a snapshot of every variant, with no expression left that a reader would want to know", () => {
    const files = readdirSync(path.join(INFRA, "variants"));
    assert.deepEqual(
      files,
      VARIANTS.flatMap((name) => [`${name}.bicepparam`, `${name}.snapshot.json`]).sort(),
    );
    for (const variant of VARIANTS) {
      for (const { name, type, condition } of new Snapshot(variant).resources) {
        assert.doesNotMatch(name, /\[/, `${variant}: ${type}`);
        assert.equal(condition, undefined, `${variant}: ${type}`);
      }
    }
  });

  it("restores nothing from a registry but in infra/graph", () => {
    for (const file of readdirSync(INFRA).filter((name) => name.endsWith(".bicep"))) {
      assert.doesNotMatch(read(file), /'(br|ts)[:/]|^extension |^provider /m, file);
    }
  });
});

describe("every resource", () => {
  it("that can have tags says which installation it is of, and the app which service", () => {
    for (const variant of VARIANTS) {
      const { resources } = new Snapshot(variant);
      const tagged = resources.filter(({ location }) => location !== undefined);
      assert.ok(tagged.length > 8);
      for (const { tags, type } of tagged)
        assert.equal(tags?.["azd-env-name"]?.startsWith("rollcall-"), true, type);
      const services = resources.filter(({ tags }) => tags?.["azd-service-name"]);
      assert.deepEqual(
        services.map(({ type, tags }) => [type, tags?.["azd-service-name"]]),
        [["Microsoft.Web/sites", "rollcall"]],
      );
    }
    assert.equal(new Snapshot("full").one("Microsoft.Web/sites").tags?.owner, "identity team");
  });

  it("is in the region of the group, or global by nature", () => {
    for (const variant of VARIANTS) {
      for (const { location, type } of new Snapshot(variant).resources) {
        if (location === "global") assert.match(type, /privateDnsZones|actionGroups/);
        else assert.ok(location === undefined || location === "westeurope", type);
      }
    }
  });
});

describe("what is chosen besides the settings", () => {
  it("arrives where it belongs", () => {
    const snapshot = new Snapshot("chosen");
    const account = snapshot.one(STORAGE, "chosenlake");
    assert.deepEqual(account.sku, { name: "Standard_LRS" });
    const blobs = snapshot.one(`${STORAGE}/blobServices`, "chosenlake").properties;
    assert.deepEqual(blobs.deleteRetentionPolicy, { enabled: true, days: 7 });
    assert.equal(snapshot.one(CONTAINERS, "chosenlake").name.split("/").at(-1), "chosen-snapshots");
    const folder = "chosen-snapshots/tenant=0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1";
    assert.deepEqual(
      [0, 1].map((rule) =>
        at(
          snapshot.one(`${STORAGE}/managementPolicies`).properties,
          `policy.rules.${rule}.definition.filters.prefixMatch.0`,
        ),
      ),
      [`${folder}/date=`, `${folder}/`],
    );
    assert.equal(
      snapshot.one("Microsoft.KeyVault/vaults").properties.tenantId,
      "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
      "a vault is of its subscription's directory, whichever is read",
    );
    assert.equal(snapshot.one("Microsoft.KeyVault/vaults").name, "chosen-vault");
    assert.equal(snapshot.one("Microsoft.OperationalInsights/workspaces").properties.retentionInDays, 30);
    assert.deepEqual(
      at(snapshot.one("Microsoft.Web/sites").properties, "functionAppConfig.scaleAndConcurrency"),
      { instanceMemoryMB: 512, maximumInstanceCount: 1 },
    );
    const { NO_PROXY = "" } = new Snapshot("full").appSettings();
    assert.match(NO_PROXY, /^169\.254\.169\.254,\.contoso\.com,stroll/);
  });
});

describe("storage", () => {
  it("takes no key, no shared access signature, no anonymous caller and no old protocol", () => {
    for (const variant of VARIANTS) {
      for (const { properties, name } of new Snapshot(variant).all(STORAGE)) {
        const expected = {
          allowSharedKeyAccess: false,
          allowBlobPublicAccess: false,
          allowCrossTenantReplication: false,
          defaultToOAuthAuthentication: true,
          isLocalUserEnabled: false,
          minimumTlsVersion: "TLS1_2",
          supportsHttpsTrafficOnly: true,
        };
        for (const [flag, value] of Object.entries(expected))
          assert.equal(properties[flag], value, `${name} ${flag}`);
      }
      for (const { properties } of new Snapshot(variant).all(CONTAINERS))
        assert.equal(properties.publicAccess, "None");
    }
  });

  it("keeps the host's apart from the snapshots', and has a container for the package", () => {
    const snapshot = new Snapshot("basic");
    assert.equal(snapshot.all(STORAGE).length, 2);
    assert.deepEqual(
      snapshot.all(CONTAINERS).map(({ name }) => name.split("/").at(-1)),
      ["packages", "user-snapshots"],
    );
  });

  it("of snapshots can bring back what was deleted, and has a record of who read and wrote", () => {
    const snapshot = new Snapshot("basic");
    const { properties } = snapshot.one(`${STORAGE}/blobServices`, "strollsnap");
    assert.equal(properties.isVersioningEnabled, true);
    assert.deepEqual(properties.deleteRetentionPolicy, { enabled: true, days: 30 });
    assert.deepEqual(properties.containerDeleteRetentionPolicy, { enabled: true, days: 30 });
    const audits = snapshot.all("Microsoft.Insights/diagnosticSettings");
    assert.deepEqual(audits.map(({ id }) => /\/(storageAccounts|vaults)\//.exec(id)?.[1]).sort(), [
      "storageAccounts",
      "storageAccounts",
      "vaults",
    ]);
    const written = ["StorageWrite", "StorageDelete"];
    const categories = audits.map(({ id, properties }) => [
      /\/(?:storageAccounts|vaults)\/(strollhost|strollsnap|kv-roll)/.exec(id)?.[1],
      (at(properties, "logs") as readonly Properties[]).map(({ category, categoryGroup, enabled }) => {
        assert.equal(enabled, true);
        return category ?? categoryGroup;
      }),
    ]);
    assert.deepEqual(Object.fromEntries(categories), {
      strollhost: written,
      strollsnap: ["StorageRead", ...written],
      "kv-roll": ["audit"],
    });
    for (const { properties } of audits)
      assert.match(
        String(properties.workspaceId),
        /\/Microsoft\.OperationalInsights\/workspaces\/log-rollcall-/,
      );
  });

  it("of snapshots is locked, so that taking the group down leaves them", () => {
    const { id, properties } = new Snapshot("basic").one("Microsoft.Authorization/locks");
    assert.match(id, /storageAccounts\/strollsnap/);
    assert.equal(properties.level, "CanNotDelete");
    assert.deepEqual(new Snapshot("federated").all("Microsoft.Authorization/locks"), []);
  });
});

describe("the lifecycle of snapshots", () => {
  const FOLDER = "user-snapshots/tenant=87d349ed-44d7-43e1-9a83-5f2406dee5bd";
  const rulesOf = (variant: "basic" | "full" | "managed-identity") => {
    const { properties } = new Snapshot(variant).one(`${STORAGE}/managementPolicies`);
    return at(properties, "policy.rules") as readonly {
      readonly enabled: boolean;
      readonly type: string;
      readonly definition: {
        readonly filters: { readonly blobTypes: readonly string[]; readonly prefixMatch: readonly string[] };
        readonly actions: Readonly<Record<string, { readonly delete: Readonly<Record<string, number>> }>>;
      };
    }[];
  };

  it("deletes old dates, and neither latest.json nor the lock nor what stands beside them", () => {
    const current = rulesOf("basic").filter(({ definition }) => definition.actions.baseBlob);
    assert.deepEqual(
      current.map(({ definition }) => definition.filters.prefixMatch),
      [[`${FOLDER}/date=`]],
    );
    for (const blob of ["latest.json", "lock", "last-run.json"])
      assert.ok(!`${FOLDER}/${blob}`.startsWith(`${FOLDER}/date=`));
    assert.deepEqual(current[0]?.definition.actions.baseBlob?.delete, {
      daysAfterModificationGreaterThan: 400,
    });
  });

  it("also deletes what deleting leaves behind: former versions, and those of latest.json", () => {
    const former = rulesOf("basic").filter(({ definition }) => definition.actions.version);
    assert.deepEqual(
      former.map(({ definition }) => [definition.filters.prefixMatch, Object.keys(definition.actions)]),
      [[[`${FOLDER}/`], ["version"]]],
    );
    for (const { enabled, type, definition } of rulesOf("basic")) {
      assert.deepEqual([enabled, type, definition.filters.blobTypes], [true, "Lifecycle", ["blockBlob"]]);
    }
  });

  it("is as long as it is told to be, and keeps all for 0", () => {
    assert.equal(
      rulesOf("full")[0]?.definition.actions.baseBlob?.delete.daysAfterModificationGreaterThan,
      30,
    );
    assert.deepEqual(
      rulesOf("managed-identity").flatMap(({ definition }) => Object.keys(definition.actions)),
      ["version"],
    );
  });

  it("can be held up by immutability, of versions and not of the container, which would hold latest.json still", () => {
    const snapshot = new Snapshot("full");
    const container = snapshot.one(CONTAINERS, "user-snapshots");
    assert.deepEqual(container.properties.immutableStorageWithVersioning, { enabled: true });
    const [policy] = snapshot.all(`${CONTAINERS}/immutabilityPolicies`);
    assert.deepEqual(policy?.properties, { immutabilityPeriodSinceCreationInDays: 14 });
    assert.deepEqual(new Snapshot("basic").all(`${CONTAINERS}/immutabilityPolicies`), []);
  });

  it("is left alone in an account that was there before: it would replace the rules of others", () => {
    const snapshot = new Snapshot("existing");
    assert.deepEqual(snapshot.all(`${STORAGE}/managementPolicies`), []);
    assert.equal(snapshot.all(STORAGE).length, 1);
  });
});

describe("the vault", () => {
  it("takes roles only, and cannot be purged", () => {
    const { properties } = new Snapshot("basic").one("Microsoft.KeyVault/vaults");
    assert.equal(properties.enableRbacAuthorization, true);
    assert.equal(properties.enablePurgeProtection, true);
    assert.equal(properties.enableSoftDelete, true);
    assert.equal(properties.softDeleteRetentionInDays, 90);
    assert.equal(properties.accessPolicies, undefined);
  });

  it("is not made where there is nothing to keep in it, or one already", () => {
    for (const variant of ["federated", "managed-identity", "existing"] as const) {
      assert.deepEqual(new Snapshot(variant).all("Microsoft.KeyVault/vaults"), [], variant);
    }
  });

  it("makes the signing key itself, which signs and never leaves", () => {
    for (const variant of ["full", "existing"] as const) {
      const { properties } = new Snapshot(variant).one("Microsoft.KeyVault/vaults/keys");
      assert.deepEqual(properties, {
        kty: "EC",
        curveName: "P-256",
        keyOps: ["sign", "verify"],
        attributes: { enabled: true, exportable: false },
      });
    }
  });
});

describe("the Function app", () => {
  it("runs on Flex Consumption with Node 24, one app in its plan", () => {
    const snapshot = new Snapshot("basic");
    const plan = snapshot.one("Microsoft.Web/serverfarms");
    assert.deepEqual(plan.sku, { name: "FC1", tier: "FlexConsumption" });
    assert.equal(plan.properties.reserved, true);
    const { properties } = snapshot.one("Microsoft.Web/sites");
    assert.equal(properties.serverFarmId, plan.id);
    assert.deepEqual(at(properties, "functionAppConfig.runtime"), { name: "node", version: "24" });
    assert.deepEqual(at(properties, "functionAppConfig.scaleAndConcurrency"), {
      instanceMemoryMB: 2048,
      maximumInstanceCount: 40,
    });
  });

  it("finds its package as its identity", () => {
    const { properties, identity } = new Snapshot("basic").one("Microsoft.Web/sites");
    const { type, value, authentication } = at(properties, "functionAppConfig.deployment.storage") as {
      type: string;
      value: string;
      authentication: { type: string; userAssignedIdentityResourceId: string };
    };
    assert.equal(type, "blobContainer");
    assert.match(value, /^https:\/\/strollhost[a-z0-9]{13}\.blob\.core\.windows\.net\/packages$/);
    assert.equal(authentication.type, "UserAssignedIdentity");
    assert.deepEqual(identity, {
      type: "UserAssigned",
      userAssignedIdentities: { [authentication.userAssignedIdentityResourceId]: {} },
    });
  });

  it("is published with a token only: no FTP, no user name and password", () => {
    for (const variant of VARIANTS) {
      const snapshot = new Snapshot(variant);
      const { properties } = snapshot.one("Microsoft.Web/sites");
      assert.equal(properties.httpsOnly, true);
      assert.equal(properties.sshEnabled, false);
      assert.equal(at(properties, "siteConfig.ftpsState"), "Disabled");
      assert.equal(at(properties, "siteConfig.minTlsVersion"), "1.2");
      assert.equal(at(properties, "siteConfig.scmMinTlsVersion"), "1.2");
      assert.equal(at(properties, "siteConfig.remoteDebuggingEnabled"), false);
      assert.deepEqual(
        snapshot
          .all("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
          .map(({ name, properties }) => [name.split("/")[1], properties.allow]),
        [
          ["ftp", false],
          ["scm", false],
        ],
      );
    }
  });

  it("writes its log as its identity: Application Insights takes no key", () => {
    const snapshot = new Snapshot("basic");
    const component = snapshot.one("Microsoft.Insights/components");
    const workspace = snapshot.one("Microsoft.OperationalInsights/workspaces");
    assert.equal(component.properties.DisableLocalAuth, true);
    assert.equal(component.properties.WorkspaceResourceId, workspace.id);
    assert.equal(at(workspace.properties, "features.disableLocalAuth"), true);
    assert.equal(at(workspace.properties, "workspaceCapping"), undefined);
  });
});

describe("a private network", () => {
  it("shuts both accounts and the vault, and leads to each by a private address", () => {
    const snapshot = new Snapshot("managed-identity");
    for (const { properties, name } of snapshot.all(STORAGE)) {
      assert.equal(properties.publicNetworkAccess, "Disabled", name);
      assert.equal(at(properties, "networkAcls.defaultAction"), "Deny", name);
      assert.equal(at(properties, "networkAcls.bypass"), "None", name);
    }
    const full = new Snapshot("full");
    assert.deepEqual(
      full
        .all("Microsoft.Network/privateEndpoints")
        .map(({ properties }) => [
          at(properties, "privateLinkServiceConnections.0.properties.groupIds.0"),
          String(at(properties, "privateLinkServiceConnections.0.properties.privateLinkServiceId"))
            .split("/")
            .at(-1)
            ?.slice(0, 10),
        ]),
      [
        ["blob", "strollhost"],
        ["blob", "strollsnap"],
        ["vault", full.one("Microsoft.KeyVault/vaults").name.slice(0, 10)],
      ],
    );
    assert.deepEqual(
      full.all("Microsoft.Network/privateDnsZones").map(({ name }) => name),
      ["privatelink.blob.core.windows.net", "privatelink.vaultcore.azure.net"],
    );
    assert.equal(full.all("Microsoft.Network/privateDnsZones/virtualNetworkLinks").length, 2);
    for (const { properties } of full.all("Microsoft.Network/privateEndpoints"))
      assert.match(String(at(properties, "subnet.id")), /\/subnets\/endpoints$/);
    const zonesOf = (snapshot: Snapshot) =>
      snapshot
        .all("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
        .map(({ name, properties }) => [
          name.split("-")[1],
          String(at(properties, "privateDnsZoneConfigs.0.properties.privateDnsZoneId")).split("/").at(-1),
        ]);
    const blobZone = "privatelink.blob.core.windows.net";
    assert.deepEqual(zonesOf(full), [
      ["host", blobZone],
      ["snapshots", blobZone],
      ["vault", "privatelink.vaultcore.azure.net"],
    ]);
    assert.deepEqual(zonesOf(snapshot), [
      ["host", blobZone],
      ["snapshots", blobZone],
    ]);
  });

  it("leads to an account and a vault of other people's too, in another cloud, and changes neither", () => {
    const snapshot = new Snapshot("existing");
    assert.deepEqual(
      snapshot.all("Microsoft.Network/privateEndpoints").map(({ properties }) =>
        String(at(properties, "privateLinkServiceConnections.0.properties.privateLinkServiceId"))
          .split("/resourceGroups/")[1]
          ?.replace(/[a-z0-9]{13}$/, "*"),
      ),
      [
        "rollcall/providers/Microsoft.Storage/storageAccounts/strollhost*",
        "data/providers/Microsoft.Storage/storageAccounts/contosolake",
        "security/providers/Microsoft.KeyVault/vaults/contoso-vault",
      ],
    );
    assert.deepEqual(
      snapshot.all("Microsoft.Network/privateDnsZones").map(({ name }) => name),
      ["privatelink.blob.core.usgovcloudapi.net", "privatelink.vaultcore.usgovcloudapi.net"],
    );
    assert.deepEqual(snapshot.all("Microsoft.KeyVault/vaults"), []);
    assert.deepEqual(
      snapshot.all(STORAGE).map(({ name }) => name.slice(0, 10)),
      ["strollhost"],
    );
    const tenants = new Snapshot("tenants").all("Microsoft.Network/privateEndpoints");
    assert.equal(tenants.filter(({ name }) => name.startsWith("pe-queue-")).length, 1);
  });

  it("gives the app a subnet of its own, as Flex Consumption wants it", () => {
    const snapshot = new Snapshot("full");
    const subnets = at(snapshot.one("Microsoft.Network/virtualNetworks").properties, "subnets") as readonly {
      readonly name: string;
      readonly properties: { readonly addressPrefix: string; readonly delegations?: unknown };
    }[];
    assert.deepEqual(
      subnets.map(({ name, properties }) => [name, properties.addressPrefix]),
      [
        ["app", "10.60.0.0/26"],
        ["endpoints", "10.60.0.64/27"],
      ],
    );
    assert.match(JSON.stringify(subnets[0]?.properties.delegations), /"Microsoft.App\/environments"/);
    assert.equal(subnets[1]?.properties.delegations, undefined);
    for (const { name } of subnets) assert.doesNotMatch(name, /_/);
    assert.match(
      String(snapshot.one("Microsoft.Web/sites").properties.virtualNetworkSubnetId),
      /\/subnets\/app$/,
    );
  });

  it("lets in the addresses that are named, for snapshots and vault but not for the host's storage", () => {
    const snapshot = new Snapshot("full");
    const rules = ({ properties }: { readonly properties: Properties }) =>
      at(properties, "networkAcls.ipRules");
    assert.deepEqual(rules(snapshot.one(STORAGE, "strollsnap")), [{ value: "203.0.113.7", action: "Allow" }]);
    assert.deepEqual(rules(snapshot.one("Microsoft.KeyVault/vaults")), [{ value: "203.0.113.7" }]);
    assert.equal(rules(snapshot.one(STORAGE, "strollhost")), undefined);
    assert.equal(snapshot.one(STORAGE, "strollhost").properties.publicNetworkAccess, "Disabled");
  });

  it("is not made unless asked for", () => {
    for (const variant of ["basic", "chosen", "federated"] as const) {
      const { resources } = new Snapshot(variant);
      assert.deepEqual(
        resources.filter(({ type }) => type.startsWith("Microsoft.Network/")),
        [],
      );
    }
  });
});
