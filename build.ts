import { rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: ["functions/take-snapshot.ts"],
  outdir: "dist",
  outbase: ".",
  // Away from dist/functions, whose every file the host loads as an entry (package.json, main).
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  // What a run may never need, such as the PKCS#12 reader, is only loaded when it does.
  splitting: true,
  minify: true,
  keepNames: true,
  legalComments: "none",
  platform: "node",
  format: "esm",
  target: "node24",
  // Built into the Functions worker, never on npm (Azure/azure-functions-nodejs-library, issue 201).
  external: ["@azure/functions-core"],
  // The SDKs' CommonJS parts ask for Node's modules through require, which an ES module has to make for itself.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
});
