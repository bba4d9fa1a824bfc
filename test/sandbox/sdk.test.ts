import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { DefaultAzureCredential, ManagedIdentityCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { ConfidentialClientApplication, type Configuration } from "@azure/msal-node";
import { BlobServiceClient } from "@azure/storage-blob";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { issueCertificate } from "../../src/sandbox/service/certificate.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { appToken, get, openTenant, usersUrl } from "./caller.ts";

/** The platform's variables, which the SDK reads when a credential is made. */
function actAsFunctionApp({ identity }: Tenant): Disposable {
  const names = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_CLIENT_ID"];
  const former = names.map((name) => process.env[name]);
  process.env.IDENTITY_ENDPOINT = identity.endpoint;
  process.env.IDENTITY_HEADER = identity.header;
  process.env.AZURE_CLIENT_ID = identity.clientId;
  return {
    [Symbol.dispose]() {
      for (const [at, name] of names.entries()) {
        const value = former[at];
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}

async function acquire(tenant: Tenant, auth: Partial<Configuration["auth"]>, name = tenant.tenantId) {
  const client = new ConfidentialClientApplication({
    auth: {
      clientId: tenant.clientId,
      authority: `${tenant.entra.origin}/${name}`,
      knownAuthorities: [new URL(tenant.entra.origin).host],
      ...auth,
    },
  });
  return await client.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
}

describe("the real SDKs", () => {
  it("read secrets and their versions with the managed identity", async () => {
    await using tenant = await openTenant();
    using _ = actAsFunctionApp(tenant);
    const first = tenant.vault.set("key", "one");
    const second = tenant.vault.set("key", "two", { contentType: "text/plain" });
    for (const credential of [
      new DefaultAzureCredential(),
      new ManagedIdentityCredential({ clientId: tenant.identity.clientId }),
    ]) {
      const client = new SecretClient(tenant.vault.origin, credential, {
        disableChallengeResourceVerification: true,
      });
      const secret = await client.getSecret("key");
      assert.deepEqual([secret.value, secret.properties.version], ["two", second]);
      const versions = await Array.fromAsync(client.listPropertiesOfSecretVersions("key"));
      assert.deepEqual(versions.map(({ version }) => version).toSorted(), [first, second].toSorted());
    }
  });

  it("are refused by the vault in their own words", async () => {
    await using tenant = await openTenant();
    using _ = actAsFunctionApp(tenant);
    const options = { disableChallengeResourceVerification: true };
    const client = new SecretClient(tenant.vault.origin, new DefaultAzureCredential(), options);
    await assert.rejects(client.getSecret("nothing"), { statusCode: 404, code: "SecretNotFound" });
    tenant.vault.roleAssigned = false;
    await assert.rejects(client.getSecret("nothing"), { statusCode: 403, code: "Forbidden" });
  });

  it("get tokens by secret and by certificate", async () => {
    await using tenant = await openTenant();
    const certificate = await issueCertificate({ commonName: "app", days: 10 });
    tenant.app.addCertificate(certificate.certificatePem);
    const { privateKeyPem: privateKey, thumbprints } = certificate;
    const forms: Partial<Configuration["auth"]>[] = [
      { clientSecret: tenant.app.addSecret().value },
      { clientCertificate: { thumbprintSha256: thumbprints.sha256, privateKey } },
      { clientCertificate: { thumbprint: thumbprints.sha1, privateKey } },
    ];
    for (const auth of forms) {
      for (const name of [tenant.tenantId, tenant.domain]) {
        const token = (await acquire(tenant, auth, name))?.accessToken;
        assert.equal((await get(usersUrl(tenant, { select: "id" }), token)).status, 200);
      }
    }
    await assert.rejects(acquire(tenant, { clientSecret: "wrong" }), {
      errorCode: "invalid_client",
      errorNo: 7000215,
    });
  });
});

describe("a whole sandbox", () => {
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  before(async () => {
    sandbox = await startSandbox({ users: 10 });
    trustSandbox(sandbox.tenant.tls);
  });
  after(() => sandbox[Symbol.asyncDispose]());

  it("keeps blobs for the managed identity and refuses other tokens", async () => {
    using _ = actAsFunctionApp(sandbox.tenant);
    const container = new BlobServiceClient(
      sandbox.storage.url,
      new ManagedIdentityCredential(),
    ).getContainerClient("snapshots");
    await container.create();
    await container.getBlockBlobClient("a/b").upload("text", 4);
    assert.equal((await container.getBlockBlobClient("a/b").downloadToBuffer()).toString(), "text");
    const token = await appToken(sandbox.tenant);
    const answer = await get(`${container.url}/a/b`, token, { "x-ms-version": "2025-01-05" });
    assert.equal(answer.status, 403);
  });

  it("takes the connection string too", async () => {
    const client = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
    await client.getContainerClient("by-key").create();
    assert.equal(await client.getContainerClient("by-key").exists(), true);
  });

  it("has its credentials in the vault, registered with the app", async () => {
    const { tenant, certificate, secret, environment } = sandbox;
    const held = tenant.vault.find("graph-cert", undefined);
    assert.deepEqual(
      [held?.value, held?.attributes.contentType],
      [certificate.pem, "application/x-pem-file"],
    );
    assert.equal(tenant.vault.find("graph-secret", undefined)?.value, secret);
    assert.ok(tenant.app.findSecret(secret));
    assert.equal(environment.ROLLCALL_CERTIFICATE_NAME, "graph-cert");
    assert.equal("ROLLCALL_SECRET_NAME" in environment, false);
    assert.ok(!JSON.stringify(environment).includes(secret));
  });

  it("gives an environment in which another process trusts it", async () => {
    const url = `${sandbox.tenant.entra.origin}/${sandbox.tenant.tenantId}/v2.0/.well-known/openid-configuration`;
    const child = spawn(
      process.execPath,
      ["-e", `fetch(${JSON.stringify(url)}).then((r) => process.exit(r.status - 200))`],
      {
        env: sandbox.environment,
        stdio: "ignore",
      },
    );
    assert.deepEqual((await once(child, "exit"))[0], 0);
  });
});

describe("an issued certificate", () => {
  it("comes as PEM and as PKCS#12 without a password", async () => {
    const { default: forge } = await import("node-forge");
    const certificate = await issueCertificate({ commonName: "app", days: 10 });
    assert.match(
      certificate.pem,
      /^-----BEGIN PRIVATE KEY-----[\s\S]+-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----/,
    );
    const store = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(certificate.pfx.toString("binary")), "");
    const bags = store.getBags({ bagType: forge.pki.oids.certBag ?? "" })[forge.pki.oids.certBag ?? ""];
    assert.equal(bags?.length, 1);
  });
});
