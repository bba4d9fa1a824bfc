import { once } from "node:events";
import { join, relative } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  FIXED_CLIENT_ID,
  FIXED_FOLDER,
  FIXED_IDENTITY_CLIENT_ID,
  FIXED_IDENTITY_HEADER,
  FIXED_PORTS,
  FIXED_TENANT_ID,
} from "./fixed.ts";
import { CREDENTIAL_KINDS, type CredentialKind, type Sandbox, startSandbox } from "./sandbox.ts";
import { sandboxTls } from "./service/tls.ts";
import { keptSigningKey } from "./vault/kept-key.ts";

interface ServeOptions {
  readonly users: number;
  readonly latency: number;
  readonly throttle?: number;
  readonly credential: CredentialKind;
}

/** Starts the sandbox on its fixed ports, with certificates, signing key and blobs that are kept between runs. */
async function startFixedSandbox(options: ServeOptions): Promise<Sandbox> {
  const { storage: storagePort, ...ports } = FIXED_PORTS;
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
    storageLocation: join(FIXED_FOLDER, "blobs"),
  });
}

function describe(sandbox: Sandbox): string {
  const { tenant, storage, environment } = sandbox;
  const services = [
    ["Entra", tenant.entra.origin, `tenant ${tenant.domain}, one app registration`],
    ["Graph", tenant.graph.origin, `${tenant.directory.size.toLocaleString("en-GB")} people`],
    ["Key Vault", tenant.vault.origin, "graph-secret, graph-cert, manifest-key"],
    ["Identity", tenant.identity.endpoint, "the function's managed identity"],
    ["Storage", storage.url, `kept in ${relative(process.cwd(), FIXED_FOLDER) || "."}/blobs`],
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
    "  cp local.settings.sample.json local.settings.json",
    "",
    "or",
    "",
    ...settings,
    "",
    "then try:  npx rollcall doctor   npx rollcall snapshot   npx rollcall show",
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
