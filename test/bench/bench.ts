import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { type BenchTenant, startBenchTenant } from "./bench-tenant.ts";
import { bundleClients, type Clients } from "./client.ts";
import type { Measured } from "./measured.ts";
import { measureReading } from "./reading.ts";
import { measureStart } from "./start.ts";
import { measureTenants } from "./tenants.ts";

// The benchmark: `npm run bench`, `npm run bench -- --quick` for a look. The tenant runs in a
// process of its own; each client too, bundled as what is deployed. Every tenant's pages are walked once before anything
// is measured, so that the tenant answers from its cache and no figure is about its rendering.
// `npm run bench -- --tenants` (ten minutes, after `npm run build`) measures nights of many tenants.
// `npm run bench -- --reading` (three minutes) measures nothing but how long a snapshot takes to read.
// `npm run bench -- --start` (a minute) measures nothing but how long commands and the function take to start.
const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    reading: { type: "boolean" },
    start: { type: "boolean" },
    tenants: { type: "boolean" },
    out: { type: "string" },
  },
});
const latencyMs = 300;

/** One line of the table. */
interface Row extends Measured {
  readonly what: string;
  readonly tenantUsers: number;
}

/** What people run. */
const defaults = {};
const withoutChanges = { ROLLCALL_CHANGES: "off" };
const sequential = { ROLLCALL_LISTING: "sequential", ROLLCALL_CHANGES: "off" };
const sliced = { ROLLCALL_LISTING: "sliced", ROLLCALL_CHANGES: "off" };
/** From one night to the next. */
const CHANGED_SHARE = 0.01;

/**
 * Memory of an instance of Flex Consumption, as it is billed, and the cores that come with it
 * (https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan).
 */
const INSTANCES = [
  { name: "512 MB", gigabytes: 0.5, cores: 0.25 },
  { name: "2048 MB", gigabytes: 2, cores: 1 },
] as const;

const sections: string[] = [];

if (values.start) titled("Start", await measureStart());
else if (values.reading) await measureReadings();
else if (values.tenants) await measureNights();
else await measureRuns();

const head = `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
const text = `${head}\n\n${sections.join("\n\n")}\n`;
if (values.out) await writeFile(values.out, text);

async function measureReadings(): Promise<void> {
  const users = values.quick ? 100_000 : 1_000_000;
  titled(`Reading ${users.toLocaleString("en")} users`, await measureReading(users));
}

async function measureNights(): Promise<void> {
  const night = values.quick
    ? { count: 100, users: 100_000, latencyMs }
    : { count: 1000, users: 1_000_000, latencyMs };
  titled("A night of many tenants", await measureTenants({ ...night, kills: false }));
  const words = "The same with 5 % of requests failing and a worker killed every ten seconds";
  titled(words, await measureTenants({ ...night, kills: true }));
}

async function measureRuns(): Promise<void> {
  await using clients = await bundleClients();
  section("Page after page, no latency: what the client itself costs", await scaling(clients));
  section(
    `${values.quick ? "50,000" : "200,000"} users, ${latencyMs} ms a request: against the peer and the floor`,
    await against(clients),
  );
  section(`The same with 5 % of requests failing (429, 503, reset)`, await failing(clients));
  if (values.quick) return;
  section("1,000,000 users, no latency", await million(clients));
  billed(`A night on Flex Consumption: default settings, ${latencyMs} ms a request`, await aNight(clients));
}

async function scaling(run: Clients): Promise<Row[]> {
  const rows: Row[] = [];
  for (const users of values.quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000]) {
    await using tenant = await startBenchTenant(users, 0);
    await run.run("rollcall", tenant, sequential);
    rows.push(await measure("Rollcall, sequential", run, "rollcall", tenant, users, sequential));
  }
  return rows;
}

async function against(run: Clients): Promise<Row[]> {
  const users = values.quick ? 50_000 : 200_000;
  await using tenant = await startBenchTenant(users, latencyMs);
  const peer = await measure("PageIterator to a file", run, "page-iterator", tenant, users);
  const rows = [peer, ...(await nights(run, tenant, users))];
  rows.push(
    await measure("Rollcall, page after page, without changes", run, "rollcall", tenant, users, sequential),
  );
  rows.push(await measure("Floor: same requests", run, "floor", tenant, users, sliced));
  return rows;
}

/** The second night of a tenant in which some users changed; then the same night without comparing. */
async function nights(run: Clients, tenant: BenchTenant, users: number): Promise<Row[]> {
  // Twice: the first run counts to find its cuts, the second reads all slices as the measured one will.
  for (let times = 0; times < 2; times++) await run.run("rollcall", tenant, defaults);
  await tenant.change(CHANGED_SHARE);
  // The changed pages are made for a container of their own, so that the measured run is the first to compare.
  const elsewhere = { ...withoutChanges, ROLLCALL_CONTAINER: "elsewhere" };
  for (let times = 0; times < 2; times++) await run.run("rollcall", tenant, elsewhere);
  const what = `Rollcall, default settings (${CHANGED_SHARE * 100} % changed)`;
  const rows = [await measure(what, run, "rollcall", tenant, users, defaults)];
  for (let times = 0; times < 2; times++) {
    rows.push(await measure("Rollcall, without changes", run, "rollcall", tenant, users, elsewhere));
  }
  return rows;
}

async function failing(run: Clients): Promise<Row[]> {
  const users = values.quick ? 50_000 : 200_000;
  await using tenant = await startBenchTenant(users, latencyMs, 0.05);
  await run.run("rollcall", tenant, sliced);
  await run.run("rollcall", tenant, sliced);
  return [await measure("Rollcall, sliced, 5 % fail", run, "rollcall", tenant, users, sliced)];
}

async function million(run: Clients): Promise<Row[]> {
  const users = 1_000_000;
  await using tenant = await startBenchTenant(users, 0);
  return nights(run, tenant, users);
}

async function aNight(run: Clients): Promise<Row[]> {
  const rows: Row[] = [];
  for (const users of [10_000, 100_000, 1_000_000]) {
    await using tenant = await startBenchTenant(users, latencyMs);
    for (let times = 0; times < 2; times++) await run.run("rollcall", tenant, defaults);
    await tenant.change(CHANGED_SHARE);
    rows.push(await measure("Rollcall, default settings", run, "rollcall", tenant, users, defaults));
  }
  return rows;
}

async function measure(
  what: string,
  run: Clients,
  name: Parameters<Clients["run"]>[0],
  tenant: BenchTenant,
  tenantUsers: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<Row> {
  return { what, tenantUsers, ...(await run.run(name, tenant, environment)) };
}

function section(title: string, rows: readonly Row[]): void {
  const header = [
    "",
    "users",
    "requests",
    "429",
    "seconds",
    "users/s",
    "µs CPU/user",
    "peak MB",
    "MB written",
  ];
  const cells = rows.map((row) => [
    row.what,
    row.tenantUsers.toLocaleString("en"),
    `${row.requests}`,
    `${row.throttled ?? ""}`,
    (row.wallMs / 1000).toFixed(2),
    Math.round((row.tenantUsers / row.wallMs) * 1000).toLocaleString("en"),
    (row.cpuUs / row.tenantUsers).toFixed(1),
    row.peakMb.toFixed(0),
    row.bytes === undefined ? "" : (row.bytes / 1e6).toFixed(1),
  ]);
  print(title, [header, ...cells]);
}

/**
 * What is billed for a night: seconds times gigabytes, by the size of the instance. The time is what was measured here, or
 * what the CPU that was measured takes on the instance's share of a core, whichever is longer.
 */
function billed(title: string, rows: readonly Row[]): void {
  const header = ["users", "seconds here", "CPU seconds", "peak MB"];
  for (const { name } of INSTANCES) header.push(`seconds at ${name}`, "GB-seconds");
  const cells = rows.map(({ tenantUsers, wallMs, cpuUs, peakMb }) => [
    tenantUsers.toLocaleString("en"),
    (wallMs / 1000).toFixed(1),
    (cpuUs / 1e6).toFixed(1),
    peakMb.toFixed(0),
    ...INSTANCES.flatMap(({ gigabytes, cores }) => {
      const seconds = Math.max(wallMs / 1000, cpuUs / 1e6 / cores);
      return [seconds.toFixed(1), (seconds * gigabytes).toFixed(1)];
    }),
  ]);
  print(title, [header, ...cells]);
}

function print(title: string, [header = [], ...cells]: readonly (readonly string[])[]): void {
  const table = [header, header.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`).join("\n");
  titled(title, table);
}

function titled(title: string, table: string): void {
  sections.push(`### ${title}\n\n${table}`);
  console.log(`\n${title}\n\n${table}`);
}
