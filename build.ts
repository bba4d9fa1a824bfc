import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

/** `from "./error.ts"` and `import("./error.ts")`. */
const RELATIVE_SOURCE = /((?:from |import\()"\.[^"]+)\.ts(")/g;

/**
 * Takes Node's modules as `require` gives them. For an `import`, Node reads all that such a module exports, and so loads what
 * nobody asked for: its fetch for `node:http`, its WebCrypto for `node:crypto`; some 20 ms at each start.
 */
const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup: ({ onResolve, onLoad }) => {
    const namespace = "builtin";
    onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ path: name }) => {
      const bare = name.replace(/^node:/, "");
      return builtinModules.includes(bare) ? { path: bare, namespace } : undefined;
    });
    onLoad({ filter: /.*/, namespace }, ({ path: name }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${name}");`,
    }));
  },
};

// dist/ is what is deployed, lib/ what `npm pack` packs; both hold every dependency that they run.
await Promise.all([buildFunction(), buildPackage()]);

async function buildFunction(): Promise<void> {
  await bundle("dist", {
    entryPoints: [
      "functions/take-snapshot.ts",
      "functions/snapshot-tenant.ts",
      "functions/snapshot-tenant-poison.ts",
    ],
    outbase: ".",
    target: "node24",
    // Built into the Functions worker, never on npm (Azure/azure-functions-nodejs-library, issue 201).
    external: ["@azure/functions-core"],
    // The SDKs' CommonJS parts ask for Node's modules through require, which an ES module has to make for itself.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  // npm packs what "main" in package.json names, which is the Functions host's, whatever "files" says.
  await writeFile("dist/.npmignore", "*\n");
}

async function buildPackage(): Promise<void> {
  await bundle("lib", {
    entryPoints: ["src/cli/rollcall.ts", "src/library.ts"],
    entryNames: "[name]",
    target: "node22.19",
    sourcemap: "linked",
    sourcesContent: false,
    // As above, but nothing else than Node's modules is asked for; and whoever bundles the library may make CommonJS of it.
    banner: { js: "const require = process.getBuiltinModule;" },
  });
  await declareTypes("lib/types");
}

async function bundle(outdir: string, options: BuildOptions): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    ...options,
    outdir,
    // Away from dist/functions, whose every file the host loads as an entry (package.json, main).
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    // What a run or a command may never need, such as the PKCS#12 reader, is only loaded when it does.
    splitting: true,
    // Names stay: stacks can be read, and errors have the names of their classes.
    minifySyntax: true,
    minifyWhitespace: true,
    // Node prints the line of an uncaught error, and this is no place for one of 50 kB.
    lineLimit: 120,
    legalComments: "none",
    platform: "node",
    format: "esm",
    metafile: true,
    plugins: [lazyBuiltins],
  });
  await Promise.all(
    Object.keys(metafile.outputs)
      .filter((file) => file.endsWith(".map"))
      .map(quoteOwnSources),
  );
  await writeFile(path.join(outdir, "THIRD-PARTY-NOTICES.txt"), await noticesFor(metafile));
}

/**
 * Puts our own sources into a source map. Those of the dependencies would make the package five times as large; of a map that has
 * no others, only the list of them stays.
 */
async function quoteOwnSources(file: string): Promise<void> {
  const map = JSON.parse(await readFile(file, "utf8")) as { readonly sources: readonly string[] };
  const sourcesContent = await Promise.all(
    map.sources.map(async (source) => {
      const ours = path.join(path.dirname(file), source);
      return ours.startsWith(`src${path.sep}`) ? await readFile(ours, "utf8") : null;
    }),
  );
  const tells = sourcesContent.some((content) => content !== null);
  const told = tells ? map : { ...map, names: [], mappings: "" };
  await writeFile(file, JSON.stringify({ ...told, sourcesContent }));
}

/** The licences of the packages that are in a bundle, as most of them ask for. */
async function noticesFor({ inputs }: Metafile): Promise<string> {
  const folders = Object.keys(inputs).flatMap(
    (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  const notices = await Promise.all([...new Set(folders)].sort().map(noticeOf));
  return `This bundle holds the following packages.\n\n${notices.join("\n")}`;
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), "utf8")));
  return [`== ${name} ${version} (${license})`, ...texts.map((text) => text.trim()), ""].join("\n\n");
}

/** Declares the types of the library, and of nothing that it does not show: they refer to no package. */
async function declareTypes(outdir: string): Promise<void> {
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", import.meta.url));
  const compiler = spawn(
    process.execPath,
    [tsc, "--project", "tsconfig.declarations.json", "--outDir", outdir],
    { stdio: "inherit" },
  );
  const [code] = await once(compiler, "exit");
  if (code !== 0) throw new Error("The library's types could not be declared.");
  const shown = await shownBy(path.join(outdir, "library.d.ts"));
  for (const entry of await readdir(outdir, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !shown.has(file)) await rm(file);
  }
}

/** A declaration file and those that it imports, changed to import the files that are there. */
async function shownBy(file: string, shown = new Set<string>()): Promise<ReadonlySet<string>> {
  if (shown.has(file)) return shown;
  shown.add(file);
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replaceAll(RELATIVE_SOURCE, "$1.js$2"));
  for (const [, source = ""] of text.matchAll(RELATIVE_SOURCE)) {
    await shownBy(path.join(path.dirname(file), `${source.slice(source.indexOf('"') + 1)}.d.ts`), shown);
  }
  return shown;
}
