import { once } from "node:events";
import { join, relative } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  FIXED_CLIENT_ID,
  FIXED_FOLDER,
  FIXED_IDENTITY_CLIENT_ID,
  FIXED_IDENTITY_HEADER,
  FIXED_PORTS,
  FIXED_QUEUE_PORT,
  FIXED_TENANT_ID,
  fixedNeighbourId,
} from "./fixed.ts";
import { CREDENTIAL_KINDS, type CredentialKind, type Sandbox, startSandbox } from "./sandbox.ts";
import { sandboxTls } from "./service/tls.ts";
import { keptSigningKey } from "./vault/kept-key.ts";

interface ServeOptions {
  readonly users: number;
  readonly tenants: number;
  readonly latency: number;
  readonly throttle?: number;
  readonly credential: CredentialKind;
}

/** Starts the sandbox on its fixed ports, with certificates, signing key and blobs that are kept between runs. */
async function startFixedSandbox(options: ServeOptions): Promise<Sandbox> {
  const { storage: storagePort, ...ports } = FIXED_PORTS;
  const neighbours = Array.from({ length: Math.max(0, options.tenants - 1) }, (_, index) => ({
    tenantId: fixedNeighbourId(index + 2),
    domain: `tenant-${index + 2}.onmicrosoft.com`,
    users: Math.max(20, Math.round(options.users / (index + 2))),
  }));
  return await startSandbox({
    users: options.users,
    latencyMs: options.latency,
    credential: options.credential,
    ...(options.throttle === undefined ? {} : { throttle: { resourceUnitsPer10s: options.throttle } }),
    tenantId: FIXED_TENANT_ID,
    clientId: FIXED_CLIENT_ID,
    identityHeader: FIXED_IDENTITY_HEADER,
    identityClientId: FIXED_IDENTITY_CLIENT_ID,
    signs: true,
    signingKeyPem: await keptSigningKey(join(FIXED_FOLDER, "vault", "manifest-key.pem")),
    tls: await sandboxTls(join(FIXED_FOLDER, "tls")),
    ports,
    storagePort,
    neighbours,
    queues: neighbours.length > 0,
    queuePort: FIXED_QUEUE_PORT,
    storageLocation: join(FIXED_FOLDER, "blobs"),
  });
}

function describe(sandbox: Sandbox): string {
  const { tenant, storage, queues, environment } = sandbox;
  const tenants = [tenant, ...tenant.neighbours];
  const people = tenants.reduce((sum, { directory }) => sum + directory.size, 0);
  const services = [
    [
      "Entra",
      tenant.entra.origin,
      `${tenants.length === 1 ? `tenant ${tenant.domain}` : `${tenants.length} tenants`}, one app registration`,
    ],
    ["Graph", tenant.graph.origin, `${people.toLocaleString("en-GB")} people`],
    ["Key Vault", tenant.vault.origin, "graph-secret, graph-cert, manifest-key"],
    ["Identity", tenant.identity.endpoint, "the function's managed identity"],
    ["Storage", storage.url, `kept in ${relative(process.cwd(), FIXED_FOLDER) || "."}/blobs`],
    ...(queues ? [["Queues", queues.url, "the Functions host's, a message a tenant"]] : []),
  ];
  const lines = services.map(
    ([name = "", address = "", what]) => `  ${name.padEnd(10)} ${address.padEnd(42)} ${what}`,
  );
  const settings = Object.entries(environment).map(([name, value]) => `  export ${name}='${value}'`);
  return [
    "",
    "A tenant, its vault and its storage are running on this machine. No cloud is involved.",
    "",
    ...lines,
    "",
    "To use it, in another terminal:",
    "",
    // The sample is for one tenant.
    ...(tenants.length === 1 ? ["  cp local.settings.sample.json local.settings.json", "", "or", ""] : []),
    ...settings,
    "",
    tenants.length === 1
      ? "then try:  npx rollcall doctor   npx rollcall snapshot   npx rollcall show"
      : `then try:  npx rollcall snapshot --tenant ${tenant.domain}   npx rollcall tenants`,
    ...(tenants.length === 1
      ? []
      : ["or a night of all of them, by the built function:  npx node src/sandbox/invoke.ts"]),
    "",
    "Ctrl-C stops it; the snapshots stay.",
    "",
  ].join("\n");
}

/** The message for a failed start. */
function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const port = /EADDRINUSE.*?:(\d+)/.exec(message)?.[1];
  if (port === undefined) return `The sandbox did not start: ${message}`;
  return `Port ${port} is taken. Is a sandbox running in another terminal? Stop it, or whatever else listens there.`;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("A whole number is needed.");
  return Number(text);
}

async function serve(options: ServeOptions): Promise<void> {
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await using sandbox = await startFixedSandbox(options);
  console.log(describe(sandbox));
  await stopped;
}

if (import.meta.main) {
  const program = new Command("npm run sandbox --")
    .description("A local tenant for Rollcall: Entra, Graph, Key Vault, managed identity and Blob Storage.")
    .option("--users <count>", "people in the directory", wholeNumber, 5000)
    .option("--tenants <count>", "tenants with the same app, the first with all those people", wholeNumber, 1)
    .option("--latency <ms>", "milliseconds before each answer of Graph", wholeNumber, 0)
    .option("--throttle <units>", "resource units per 10 seconds before Graph answers 429", wholeNumber)
    .addOption(
      new Option("--credential <kind>", "how the settings below have the app sign in")
        .choices(CREDENTIAL_KINDS)
        .default("certificate"),
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
  program.parse();
  try {
    await serve(program.opts<ServeOptions>());
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}
