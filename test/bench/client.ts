import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { BenchTenant } from "./bench-tenant.ts";
import type { Measured } from "./measured.ts";

/** Client programs, bundled as what is deployed: loading hundreds of modules would weigh on the memory of each. */
export interface Clients extends AsyncDisposable {
  /**
   * Runs one in a process of its own and reads what it measured.
   *
   * @param name of its file here, without extension
   * @param environment over the tenant's
   */
  run(
    name: "rollcall" | "page-iterator" | "floor",
    tenant: BenchTenant,
    environment?: Readonly<Record<string, string>>,
  ): Promise<Measured>;
}

/** Bundles the client programs into a folder that goes when they are disposed of. */
export async function bundleClients(): Promise<Clients> {
  const outdir = await mkdtemp(join(fileURLToPath(new URL("../../", import.meta.url)), ".bench-"));
  await build({
    entryPoints: ["rollcall", "page-iterator", "floor"].map((name) =>
      fileURLToPath(new URL(`${name}.ts`, import.meta.url)),
    ),
    outdir,
    bundle: true,
    splitting: true,
    minify: true,
    keepNames: true,
    platform: "node",
    format: "esm",
    target: "node24",
    outExtension: { ".js": ".mjs" },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  return {
    run: async (name, tenant, environment = {}) => {
      const child = spawn(process.execPath, [join(outdir, `${name}.mjs`)], {
        env: { PATH: process.env.PATH, ...tenant.environment, ...environment },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
      const [code] = await once(child, "exit");
      if (code !== 0) throw new Error(`${name} ended with exit code ${code}`);
      return JSON.parse(output);
    },
    [Symbol.asyncDispose]: () => rm(outdir, { recursive: true, force: true }),
  };
}
