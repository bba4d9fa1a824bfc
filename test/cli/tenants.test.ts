import assert from "node:assert/strict";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { parse } from "csv-parse/sync";
import { DAY, SECOND, systemClock } from "../../src/clock.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { latestPath } from "../../src/snapshot/layout.ts";
import { Container } from "../../src/storage/container.ts";
import { tenantStates } from "../../src/tenants/tenant-state.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { jsonOf, type Outcome, rollcallHere } from "./rollcall-process.ts";

let sandbox: Sandbox;
let container: ContainerClient;
let run: (args: readonly string[], environment?: Readonly<Record<string, string>>) => Promise<Outcome>;

/** Five tenants: with a snapshot; failed since; never one; damaged; a domain that nobody knows. */
before(async () => {
  sandbox = await startTestSandbox({
    users: 1234,
    neighbours: [{ users: 22 }, { users: 23 }, { users: 24 }],
  });
  run = (args, environment = {}) => rollcallHere(args, { ...sandbox.environment, ...environment });
  const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  container = service.getContainerClient(sandbox.environment.ROLLCALL_CONTAINER ?? "");
  const [good = assert.fail(), failed = assert.fail(), never = assert.fail(), damaged = assert.fail()] =
    everybody();
  for (const { tenantId } of [good, failed, damaged]) {
    const { exitCode, stderr } = await run(["snapshot", "--tenant", tenantId]);
    assert.equal(exitCode, 0, stderr);
  }
  for (const { app, tenantId } of [failed, never]) {
    app.roles.clear();
    assert.equal((await run(["snapshot", "--tenant", tenantId])).exitCode, 1);
  }
  await container.getBlockBlobClient(latestPath(damaged.tenantId)).uploadData(Buffer.from("{"));
  const list = [
    { tenant: good.tenantId, name: "Contoso" },
    { tenant: failed.domain, name: "Fabrikam" },
    { tenant: never.tenantId, name: "Litware" },
    { tenant: damaged.tenantId },
    { tenant: "nobody.example" },
    { tenant: "gone.example", enabled: false },
  ];
  await put("tenants.json", JSON.stringify(list));
});
after(() => sandbox[Symbol.asyncDispose]());

const everybody = () => [sandbox.tenant, ...sandbox.tenant.neighbours];
const LISTED = { ROLLCALL_TENANTS: "@tenants.json" };

async function put(path: string, body: string): Promise<void> {
  await container.getBlockBlobClient(path).uploadData(Buffer.from(body));
}

describe("rollcall tenants", () => {
  it("shows one line for each, what is wrong with whom, and the sum, and exits with 1", async () => {
    const { stdout, exitCode } = await run(["tenants"], LISTED);
    assert.equal(exitCode, 1);
    const lines = stdout.split("\n");
    assert.match(lines[0] ?? "", /^tenant +finished \(UTC\) +age +users +changes +verdict/);
    assert.match(stdout, /^Contoso +\d{4}-\d\d-\d\d \d\d:\d\d +\d+ s +1,234 +complete$/m);
    assert.match(stdout, /^Fabrikam +\d{4}.* 22 +complete$/m);
    assert.match(stdout, /^Litware +missing$/m);
    assert.match(stdout, /^nobody\.example +unknown$/m);
    const text = stdout.replaceAll(/\s+/g, " ");
    assert.match(
      text,
      /! Fabrikam: last run failed at .* with graph-permission-missing: .*adminconsent\?client_id=/,
    );
    assert.match(text, /! Litware: last run failed at .* with graph-permission-missing/);
    assert.match(text, /! nobody\.example: tenant-not-found: /);
    assert.match(text, /: snapshot-damaged: /);
    assert.match(
      text,
      /1 tenant disabled\. 2 of 5 tenants fresh, 1 without a snapshot, 2 unknown; 1,256 users\./,
    );
  });

  it("exits with 0 where each has a snapshot that is young enough, and with 1 where it is not", async () => {
    const [{ tenantId } = assert.fail()] = everybody();
    const one = { ROLLCALL_TENANTS: tenantId };
    const { exitCode, stdout } = await run(["tenants"], one);
    assert.equal(exitCode, 0);
    assert.match(stdout, /1 of 1 tenant fresh; 1,234 users\./);
    const stale = await run(["tenants", "--within", "0m"], one);
    assert.equal(stale.exitCode, 1);
    assert.match(stale.stdout, / stale$/m);
    // One tenant in the settings of a single one will do.
    const single = await run(["tenants"], { ROLLCALL_TENANTS: "", ROLLCALL_TENANT_ID: tenantId });
    assert.equal(single.exitCode, 0);
  });

  it("gives programs the same, with code and remedy", async () => {
    const outcome = await run(["tenants", "--json"], LISTED);
    assert.equal(outcome.exitCode, 1);
    const states = JSON.parse(outcome.stdout) as Record<string, never>[];
    assert.deepEqual(
      states.map(({ name, standing }) => [name, standing]),
      [
        ["Contoso", "fresh"],
        ["Fabrikam", "fresh"],
        ["Litware", "missing"],
        [null, "unknown"],
        [null, "unknown"],
      ],
    );
    const [contoso = {}, fabrikam = {}, litware = {}, damaged = {}, nobody = {}] = states;
    const latest = contoso.latest as unknown as Record<string, unknown>;
    assert.deepEqual([latest.users, latest.verdict, latest.joined], [1234, "complete", null]);
    assert.ok(Number(contoso.ageSeconds) < 600);
    const lastRun = fabrikam.lastRun as unknown as { readonly failure: Record<string, string> };
    assert.equal(lastRun.failure.code, "graph-permission-missing");
    assert.match(lastRun.failure.remedy ?? "", /adminconsent/);
    assert.deepEqual([litware.latest, litware.problem], [null, null]);
    assert.equal((damaged.problem as unknown as Record<string, string>).code, "snapshot-damaged");
    assert.deepEqual(
      [nobody.tenantId, (nobody.problem as unknown as Record<string, string>).code],
      [null, "tenant-not-found"],
    );
  });

  it("has one default age, which help tells as it is written", async () => {
    const { stdout } = await run(["tenants", "--help"]);
    assert.deepEqual(stdout.match(/default: \S+/g), ["default: 26h)", 'default: "table")']);
  });

  it("writes the same as JSON lines and CSV, and into a file", async () => {
    const states = JSON.parse((await run(["tenants", "--json"], LISTED)).stdout) as Record<string, unknown>[];
    const names = states.map(({ tenant }) => tenant);
    const lines = (await run(["tenants", "--output", "ndjson"], LISTED)).stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).tenant),
      names,
    );
    await using folder = await mkdtempDisposable(`${tmpdir()}/rollcall-tenants-`);
    const file = `${folder.path}/tenants.csv`;
    const outcome = await run(["tenants", "--output", "csv", "--out", file], LISTED);
    assert.deepEqual([outcome.exitCode, outcome.stdout], [1, ""]);
    const rows: Record<string, string>[] = parse(await readFile(file), { columns: true, bom: true });
    assert.deepEqual(
      rows.map(({ tenant }) => tenant),
      names,
    );
    assert.deepEqual([rows[0]?.standing, rows[0]?.users, rows[0]?.trouble], ["fresh", "1234", ""]);
    assert.match(rows[1]?.trouble ?? "", /graph-permission-missing/);
  });

  it("takes no snapshot for fresh that was finished in the future", async () => {
    const [good = assert.fail()] = everybody();
    const { signal } = new AbortController();
    const clock = systemClock;
    const { states } = await tenantStates(
      { tenants: [{ tenant: good.tenantId }], disabled: [], repeats: [] },
      {
        container: new Container(container, signal),
        authorityHost: "https://unused.example",
        context: { clock, signal, deadlineMs: clock.elapsed() + SECOND, proxy: undefined },
        nowMs: Date.now() - DAY,
        withinMs: DAY,
      },
    );
    const [state] = states;
    assert.deepEqual([state?.standing, state?.problem?.code], ["unknown", "clock-wrong"]);
    assert.match(state?.problem?.remedy ?? "", /NTP/);
  });

  it("tells of entries that are wrong, on standard error", async () => {
    const [{ tenantId } = assert.fail()] = everybody();
    const { exitCode, stderr } = await run(["tenants"], { ROLLCALL_TENANTS: `${tenantId},oops` });
    assert.equal(exitCode, 1);
    assert.match(stderr, /entry 2 is neither a directory id nor a domain/);
  });

  it("counts a tenant once that is listed by its id and by its domain, and misses nobody for that", async () => {
    const [, { tenantId, domain } = assert.fail()] = everybody();
    const twice = { ROLLCALL_TENANTS: `${tenantId},${domain},${tenantId}` };
    const { exitCode, stdout, stderr } = await run(["tenants"], twice);
    assert.equal(exitCode, 0);
    assert.match(stdout, /1 of 1 tenant fresh; 22 users\./);
    assert.match(stderr, new RegExp(`entry 3 is ${tenantId} once more; it was left out`));
    assert.match(
      stderr,
      new RegExp(`${domain} is the same tenant as ${tenantId}, ${tenantId}; it was left out`),
    );
  });

  it("finds the snapshot of a run that died before it could move latest.json", async () => {
    const [, { tenantId } = assert.fail()] = everybody();
    const one = { ROLLCALL_TENANTS: tenantId };
    const latest = container.getBlockBlobClient(latestPath(tenantId));
    const pointed = await latest.downloadToBuffer();
    await latest.delete();
    const { exitCode, stdout } = await run(["tenants"], one);
    await latest.uploadData(pointed);
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /1 of 1 tenant fresh; 22 users\./);
  });

  it("shows ids to the last digit, in which many tenants differ", async () => {
    const ids = everybody().map(({ tenantId }) => tenantId);
    const { stdout } = await run(["tenants"], { ROLLCALL_TENANTS: ids.join() });
    for (const id of ids) assert.match(stdout, new RegExp(`^${id} `, "m"));
  });

  it("fails in words where the list cannot be read", async () => {
    const { exitCode, stderr } = await run(["tenants"], { ROLLCALL_TENANTS: "@none.json" });
    assert.equal(exitCode, 1);
    assert.match(stderr, /tenant-list-unusable/);
  });
});

describe("--tenant", () => {
  it("says which of several tenants a reading command is about, by id or by domain", async () => {
    const [home = assert.fail(), failed = assert.fail()] = everybody();
    for (const [tenant, users] of [
      [home.tenantId, 1234],
      [failed.domain, 22],
    ] as const) {
      for (const args of [
        ["list", "--json"],
        ["history", "--json"],
      ]) {
        const [found] = jsonOf(await run([...args, "--tenant", tenant])) as { readonly users: number }[];
        assert.equal(found?.users, users, args.join());
      }
      const shown = await run(["show", "--tenant", tenant]);
      assert.match(shown.stdout, new RegExp(`users +${users.toLocaleString("en-US")}`));
      assert.equal((await run(["verify", "--tenant", tenant])).exitCode, 0);
      assert.equal((await run(["users", "--tenant", tenant])).stdout.trimEnd().split("\n").length, users);
    }
  });

  it("is asked for where the settings name several", async () => {
    const { exitCode, stderr } = await run(["list"]);
    assert.equal(exitCode, 2);
    assert.match(
      stderr,
      /ROLLCALL_TENANTS names several tenants, and this is about one: choose it\s+with --tenant/,
    );
  });

  it("goes before the settings' own, and must be an id or a domain", async () => {
    const [home = assert.fail(), failed = assert.fail()] = everybody();
    const single = { ROLLCALL_TENANTS: "", ROLLCALL_TENANT_ID: home.tenantId };
    assert.match((await run(["show", "--tenant", failed.tenantId], single)).stdout, /users +22/);
    const { exitCode, stderr } = await run(["show", "--tenant", "con toso"], single);
    assert.equal(exitCode, 2);
    assert.match(stderr, /It must be\s+a directory id or a verified domain/);
  });
});

describe("rollcall report --all", () => {
  it("goes with neither a run nor --tenant, which it would not heed", async () => {
    for (const args of [["latest"], ["--tenant", sandbox.tenant.tenantId]]) {
      const { exitCode, stderr } = await run(["report", "--all", ...args]);
      assert.equal(exitCode, 2);
      assert.match(stderr, /goes with neither a run\s+nor --tenant/);
    }
  });

  it("writes a page over all tenants, with a row each and the sums, and nothing that could run", async () => {
    const list = [
      { tenant: sandbox.tenant.tenantId, name: "<script>alert(1)</script>" },
      { tenant: everybody()[1]?.tenantId },
    ];
    await put("tenants-2.json", JSON.stringify(list));
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-"));
    const out = join(folder.path, "all.html");
    const { exitCode, stdout, stderr } = await run(["report", "--all", "--out", out], {
      ROLLCALL_TENANTS: "@tenants-2.json",
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /2 of 2 tenants fresh; 1,256 users/);
    const page = await readFile(out, "utf8");
    assert.equal(page.match(/<tr /g)?.length, 4);
    assert.match(page, /<th role="rowheader" scope="row">All<\/th>.*1,256/);
    assert.match(page, /graph-permission-missing/);
    assert.doesNotMatch(page, /<script/);
    assert.match(page, /&lt;script&gt;/);
  });
});
