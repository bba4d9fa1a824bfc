import assert from "node:assert/strict";
import { inspect } from "node:util";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { RollcallError } from "../../src/error.ts";
import type { Timeouts } from "../../src/http/http-client.ts";
import { openAzureIdentity } from "../../src/identity/azure-identity.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../src/sandbox/sandbox.ts";
import { issueCertificate } from "../../src/sandbox/service/certificate.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { readSettings } from "../../src/settings/settings.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { type RunOptions, type Taken, takeSnapshot } from "../../src/take-snapshot.ts";
import { sharedTls } from "./shared-storage.ts";
import { TestClock } from "./test-clock.ts";

/** Longer than anything takes that is going to come, on a busy machine, too. */
const TIMEOUTS: Timeouts = { connectMs: 5000, headersMs: 30_000, bodyMs: 30_000 };

/** For runs to which something does not answer: short enough for a test to wait out. */
export const IMPATIENT: Timeouts = { connectMs: 5000, headersMs: 1500, bodyMs: 1500 };

const tls = await sharedTls();
trustSandbox(tls);
/** Of the app in every rig's tenant: a key for each would take longer than most runs. */
const certificate = await issueCertificate({ commonName: "graph-cert", days: 365 });

let rigs = 0;

/** What a run is given beside what every run of a rig is. */
export interface RigRun {
  /** Settings over the sandbox's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Options over the rig's: its clock, its timeouts, the tenant's identity. */
  readonly run?: RunOptions;
}

/** A tenant with a container of its own, and the run under test. */
export class Rig implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly clock = new TestClock(Date.now());
  readonly container: ContainerClient;

  constructor(sandbox: Sandbox, storage: Storage, containerName: string) {
    this.sandbox = sandbox;
    this.container = BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient(
      containerName,
    );
  }

  get tenant(): Tenant {
    return this.sandbox.tenant;
  }

  /** Takes a snapshot as the function does. */
  async run(given: RigRun = {}): Promise<Manifest> {
    return (await this.take(given)).manifest;
  }

  /** The same, with what happened once the manifest was written. */
  take({ settings = {}, run = {} }: RigRun = {}): Promise<Taken> {
    // The storage's clock is the real one, and a run that disagrees with it is refused.
    this.clock.set(Date.now());
    const environment = { ...this.sandbox.environment, ...settings };
    // The identity library reads these two when a credential is made, and from nowhere else.
    process.env.IDENTITY_ENDPOINT = environment.IDENTITY_ENDPOINT;
    process.env.IDENTITY_HEADER = environment.IDENTITY_HEADER;
    return takeSnapshot(readSettings(environment), {
      clock: this.clock,
      timeouts: TIMEOUTS,
      // User-assigned, as deployed; and the library keeps tokens by client id for the whole process, which holds
      // many tenants here.
      identity: openAzureIdentity(this.tenant.identity.clientId),
      ...run,
    });
  }

  /** Runs, expects failure with `code`, and that nothing was published and no secret is told. */
  async fails(code: string, given: RigRun = {}): Promise<RollcallError> {
    const before = await this.published();
    const error = await this.run(given).then(
      () => assert.fail(`expected ${code}, but a snapshot was committed`),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof RollcallError, inspect(error));
    assert.equal(error.code, code, inspect(error));
    assert.deepEqual(await this.published(), before, "something was published");
    assert.deepEqual(await this.orphans(), [], "parts were left behind");
    this.assertNoSecretIn(
      inspect(error, { depth: 8 }),
      error.message,
      JSON.stringify(error),
      error.stack ?? "",
    );
    return error;
  }

  /** Names of all blobs but the lock and `last-run.json`. */
  async blobs(): Promise<string[]> {
    const names: string[] = [];
    if (!(await this.container.exists())) return names;
    for await (const { name } of this.container.listBlobsFlat()) {
      if (!/\/(run\.lock|last-run\.json)$/.test(name)) names.push(name);
    }
    return names;
  }

  async text(path: string): Promise<string> {
    return (await this.container.getBlobClient(path).downloadToBuffer()).toString();
  }

  /** A blob's JSON. */
  async json(path: string): Promise<unknown> {
    return JSON.parse(await this.text(path));
  }

  /** Overwrites a blob, or makes one. */
  async put(path: string, body: string | Buffer): Promise<void> {
    await this.container.getBlockBlobClient(path).uploadData(Buffer.from(body));
  }

  /** Manifests and the content of `latest.json`. */
  async published(): Promise<unknown[]> {
    const found: unknown[] = [];
    for (const name of await this.blobs()) {
      if (name.endsWith("/manifest.json")) found.push(name);
      if (name.endsWith("/latest.json")) found.push(await this.text(name));
    }
    return found;
  }

  /** Parts and signatures in folders without a manifest. */
  async orphans(): Promise<string[]> {
    const names = await this.blobs();
    return names.filter((name) => {
      const folder = name.slice(0, name.lastIndexOf("/"));
      return (
        /\/(users|changes|fingerprints)-|\/manifest\.jws$/.test(name) &&
        !names.includes(`${folder}/manifest.json`)
      );
    });
  }

  /** Fails when one of the texts holds any of the sandbox's secrets, or what looks like a token. */
  assertNoSecretIn(...texts: readonly string[]): void {
    const key = this.sandbox.certificate.pem.split("\n")[5] ?? "";
    const secrets = [
      this.sandbox.secret,
      key,
      this.tenant.identity.header,
      "eyJ0eXAi",
      "eyJhbGci",
      "PRIVATE KEY",
    ];
    for (const text of texts) {
      for (const secret of secrets)
        assert.ok(!text.includes(secret), `a secret is told: ${text.slice(0, 200)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
  }
}

/** Starts a small tenant with a fresh container in the shared storage. */
export async function startRig(storage: Storage, options: SandboxOptions = {}): Promise<Rig> {
  const container = `rig-${process.pid}-${++rigs}`;
  const sandbox = await startSandbox({ users: 2500, tls, storage, container, certificate, ...options });
  return new Rig(sandbox, storage, container);
}
