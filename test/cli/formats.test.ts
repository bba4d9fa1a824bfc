import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { BlobServiceClient } from "@azure/storage-blob";
import { parse } from "csv-parse/sync";
import { parquetReadObjects } from "hyparquet";
import type { Verification } from "../../src/archive/verify.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { jsonOf, type Outcome, rollcallHere, rollcallIn } from "./rollcall-process.ts";

const USERS = 1500;

let sandbox: Sandbox;
let manifest: Manifest;
/** Runs a command on the container in this process; the account key makes an identity unnecessary. */
let run: (...args: readonly string[]) => Promise<Outcome>;

before(async () => {
  sandbox = await startTestSandbox({ users: USERS });
  manifest = jsonOf(
    await rollcallIn(sandbox, { ROLLCALL_FORMATS: "csv,parquet" }, rollcallHere)("snapshot", "--json"),
  ) as Manifest;
  run = rollcallIn(sandbox, { ROLLCALL_STORAGE: sandbox.storage.connectionString }, rollcallHere);
});
after(() => sandbox[Symbol.asyncDispose]());

function blob(name: string) {
  const date = manifest.startedAt.slice(0, 10);
  const path = `tenant=${manifest.tenantId}/date=${date}/run=${manifest.runId}/${name}`;
  const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  return service.getContainerClient(sandbox.environment.ROLLCALL_CONTAINER ?? "").getBlockBlobClient(path);
}

describe("ROLLCALL_FORMATS", () => {
  it("puts the other formats' parts into the manifest, with the same users", async () => {
    const { formats } = manifest;
    assert.deepEqual(Object.keys(formats ?? {}), ["csv", "parquet"]);
    const users = (await run("users")).stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

    const csv = await blob("users-00000.csv").downloadToBuffer();
    const cells: Record<string, string>[] = parse(csv, { bom: true, columns: true });
    assert.deepEqual(
      cells.map(({ id }) => id),
      users.map(({ id }) => id),
    );

    const parquet = await blob("users-00000.parquet").downloadToBuffer();
    const rows = await parquetReadObjects({
      file: new Uint8Array(parquet).buffer,
      compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) },
    });
    assert.deepEqual(
      rows.map(({ id, accountEnabled, assignedLicenses }) => ({ id, accountEnabled, assignedLicenses })),
      users.map(({ id, accountEnabled, assignedLicenses }) => ({ id, accountEnabled, assignedLicenses })),
    );
    assert.ok(rows.every(({ _unfit }) => _unfit === null));
  });

  it("has them verified", async () => {
    const sound = jsonOf(await run("verify", "--json")) as Verification;
    assert.deepEqual([sound.whole, sound.parts, sound.users], [true, 3, USERS]);
    for (const name of ["users-00000.csv", "users-00000.parquet"]) {
      const body = await blob(name).downloadToBuffer();
      const changed = Buffer.from(body);
      changed[1000] = 1 + (changed[1000] ?? 0);
      await blob(name).uploadData(changed);
      const { exitCode, stdout } = await run("verify", "--json");
      const { whole, problems } = JSON.parse(stdout) as Verification;
      assert.deepEqual([exitCode, whole, problems.length], [1, false, 1]);
      assert.ok(problems[0]?.blob.endsWith(name));
      assert.match(problems[0]?.problem ?? "", /SHA-256/);
      await blob(name).uploadData(body);
    }
    assert.equal((await run("verify")).exitCode, 0);
  });

  it("is refused before anything is asked when it names none", async () => {
    const outcome = await rollcallIn(sandbox, { ROLLCALL_FORMATS: "csv,xlsx" })("snapshot");
    assert.equal(outcome.exitCode, 2);
    assert.match(outcome.stderr, /ROLLCALL_FORMATS must name formats/);
  });
});
