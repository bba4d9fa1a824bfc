import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BuildOptions, build } from "esbuild";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { type Storage, startStorage } from "../src/sandbox/storage.ts";
import { VERSION } from "../src/version.ts";
import { assertNoSecretIn, type Outcome } from "./cli/rollcall-process.ts";
import { sharedTls } from "./support/shared-storage.ts";
import { startTestSandbox } from "./support/test-sandbox.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("examples/enabled-guests.ts", import.meta.url));
const TSC = path.join(ROOT, "node_modules/typescript/bin/tsc");
const USERS = 1500;
/** The Node that runs the package here: this one, unless another is named. */
const NODE = process.env.PACKAGE_NODE ?? process.execPath;

let storage: Storage;
let sandbox: Sandbox;
/** An empty project of somebody's, outside of the checkout, in which the package was installed. */
let project: string;
let installed: string;
let packed: Packed;

/** What `npm pack --json` tells. */
interface Packed {
  readonly filename: string;
  /** Of the archive, in bytes. */
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

before(async () => {
  // A storage of its own: the documents' example reads the only tenant of the container with the default name.
  storage = await startStorage({ tls: await sharedTls() });
  sandbox = await startTestSandbox({ users: USERS, storage, container: "user-snapshots" });
  project = await realpath(await mkdtemp(path.join(tmpdir(), "rollcall-package-")));
  // Without its scripts: `npm test` has built it, and other tests are using what was built.
  const { stdout } = await npm(ROOT, "pack", "--ignore-scripts", "--json", "--pack-destination", project);
  [packed = assert.fail("npm packed nothing")] = Object.values(JSON.parse(stdout)) as readonly Packed[];
  await writeFile(path.join(project, "package.json"), '{ "private": true, "type": "module" }');
  await npm(project, "install", "--offline", `./${packed.filename}`);
  installed = path.join(project, "node_modules/@rollcall/rollcall");
});
after(async () => {
  await sandbox[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
  await rm(project, { recursive: true });
});

/** Runs npm as on a command line: nothing of the npm that runs these tests is passed on. */
function npm(cwd: string, ...args: readonly string[]) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return promisify(execFile)("npm", args, { cwd, env, shell: process.platform === "win32" });
}

/** Runs a program with none of our variables but the sandbox's, in the project. */
async function inProject(program: string, ...args: readonly string[]): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const options = { cwd: project, env: { ...sandbox.environment }, maxBuffer: 2 ** 26 };
  execFile(program, args, options, (error, stdout, stderr) =>
    resolve({ exitCode: error ? Number(error.code) : 0, stdout, stderr }),
  );
  const outcome = await promise;
  assertNoSecretIn(outcome, sandbox);
  return outcome;
}

/** Runs the installed command line, as its link in `.bin` does. */
function rollcall(...args: readonly string[]): Promise<Outcome> {
  return inProject(NODE, path.join(project, "node_modules/.bin/rollcall"), ...args);
}

async function output(outcome: Promise<Outcome>): Promise<string> {
  const { exitCode, stdout, stderr } = await outcome;
  assert.equal(exitCode, 0, stderr + stdout);
  assert.equal(stderr, "");
  return stdout;
}

/** Bundles with esbuild's defaults for Node, and writes only where it is told. */
function bundle(options: BuildOptions) {
  return build({
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
    outdir: project,
    logLevel: "error",
    absWorkingDir: project,
    ...options,
    metafile: true,
  });
}

/** Files of the package, by the end of their names. */
async function filesEnding(ending: string): Promise<readonly string[]> {
  const names = await readdir(installed, { recursive: true });
  return names.filter((name) => name.endsWith(ending)).map((name) => name.replaceAll(path.sep, "/"));
}

describe("the package", () => {
  it("holds compiled code, its types and maps, the documents that go with it, and nothing else", () => {
    const stray = packed.files
      .map((file) => file.path)
      .filter((file) => !/^lib\/((chunks\/)?[\w.-]+\.js(\.map)?|types\/[\w/-]+\.d\.ts)$/.test(file));
    assert.deepEqual(stray.sort(), ["LICENSE", "README.md", "lib/THIRD-PARTY-NOTICES.txt", "package.json"]);
  });

  it("is smaller than 2 MB", () => {
    assert.ok(packed.size < 2e6, `${packed.size} bytes`);
  });

  it("brings no other package along", async () => {
    assert.deepEqual(await readdir(path.join(project, "node_modules/@rollcall")), ["rollcall"]);
    const folders = await readdir(path.join(project, "node_modules"));
    assert.deepEqual(
      folders.filter((name) => !name.startsWith(".")),
      ["@rollcall"],
    );
  });

  it("has npm run nothing where it is installed", async () => {
    const { scripts, dependencies } = JSON.parse(
      await readFile(path.join(installed, "package.json"), "utf8"),
    );
    // npm asks whoever installs an archive about these.
    const asked = ["preinstall", "install", "postinstall", "prepare"].filter((name) => name in scripts);
    assert.deepEqual([asked, dependencies], [[], undefined]);
  });

  it("names the licence of each package that it holds", async () => {
    const notices = await readFile(path.join(installed, "lib/THIRD-PARTY-NOTICES.txt"), "utf8");
    const { metafile } = await bundle({ entryPoints: [path.join(ROOT, "src/cli/rollcall.ts")] });
    const folders = Object.keys(metafile.inputs).flatMap(
      (file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
    );
    assert.ok(folders.includes("undici") && folders.includes("@azure/storage-blob"));
    const unnamed = [...new Set(folders)].filter((name) => !notices.includes(`\n== ${name} `));
    assert.deepEqual(unnamed, []);
  });

  it("has maps that lead to our sources and to no folder of the machine that built it", async () => {
    const maps = await filesEnding(".js.map");
    assert.ok(maps.length > 0);
    let own = 0;
    for (const name of maps) {
      const text = await readFile(path.join(installed, name), "utf8");
      assert.ok(!text.includes(ROOT), name);
      const { sources, sourcesContent } = JSON.parse(text) as Record<string, readonly (string | null)[]>;
      for (const [index, source] of sources?.entries() ?? []) {
        assert.match(source ?? "", /^(\.\.\/)+(src\/|node_modules\/|package\.json$)|^builtin:/, name);
        const isOurs = /^(\.\.\/)+src\//.test(source ?? "");
        assert.equal(typeof sourcesContent?.[index], isOurs ? "string" : "object", source ?? "");
        if (isOurs) own++;
      }
    }
    assert.ok(own > 100);
  });

  it("imports nothing but Node's own modules", async () => {
    const entryPoints = ["rollcall.js", "library.js"].map((name) => path.join(installed, "lib", name));
    const { metafile } = await bundle({ entryPoints });
    const imports = Object.values(metafile.outputs).flatMap((file) => file.imports);
    const foreign = imports.filter(({ external }) => external).map((imported) => imported.path);
    assert.deepEqual(
      foreign.filter((name) => !name.startsWith("node:") && !builtinModules.includes(name)),
      [],
    );
  });
});

describe("the command line of the package", () => {
  it("takes snapshots and reads them", async () => {
    const taken = JSON.parse(await output(rollcall("snapshot", "--json")));
    assert.equal(taken.completeness.unique, USERS);
    assert.equal(taken.tool.version, VERSION);
    // Run ids have whole seconds.
    await output(inProject(NODE, "--eval", "setTimeout(() => undefined, 1000)"));
    const { runId } = JSON.parse(await output(rollcall("snapshot", "--json")));
    assert.match(await output(rollcall("list")), new RegExp(`^Latest: ${runId}$`, "m"));
    assert.match(await output(rollcall("show")), new RegExp(`^Snapshot ${runId} \\(the latest\\)$`, "m"));
    assert.match(
      await output(rollcall("verify", "--all", "--chain")),
      new RegExp(`^✓ ${runId} is whole`, "m"),
    );
    assert.equal((await output(rollcall("users"))).split("\n").length, USERS + 1);
    assert.match(
      await output(rollcall("users", "--format", "table", "--select", "displayName")),
      /displayName/,
    );
    assert.match(await output(rollcall("diff")), /no differences/);
    assert.match(await output(rollcall("history")), /^Users/m);
    assert.match(await output(rollcall("report", "--out", "report.html")), /^Wrote /);
    assert.match(await output(rollcall("doctor")), /^All good/m);
    assert.match(await output(rollcall("fresh", "--within", "1h")), /^✓ fresh/);
    assert.match(await output(rollcall("prune", "--keep-last", "1", "--yes")), /^Deleted: 1 snapshot, /m);
    for (const shell of ["bash", "zsh", "fish", "powershell"])
      assert.match(await output(rollcall("completion", shell)), /rollcall/);
  });

  it("has loaded no package but commander when it shows its help", async () => {
    const entry = await readFile(path.join(installed, "lib/rollcall.js"), "utf8");
    const [, main = ""] = /import\("(\.[^"]+)"\)/.exec(entry) ?? [];
    const sources = await sourcesLoadedBy(path.join(installed, "lib", main));
    const packages = sources.flatMap(
      (source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? [],
    );
    assert.deepEqual([...new Set(packages)], ["commander"]);
  });

  it("says in one sentence that Node is too old, whatever else is wrong", async () => {
    const older = '{ value: { ...process.versions, node: "22.18.0" } }';
    const { exitCode, stdout, stderr } = await inProject(
      NODE,
      "--import",
      `data:text/javascript,Object.defineProperty(process, "versions", ${older})`,
      path.join(project, "node_modules/.bin/rollcall"),
      "list",
    );
    assert.equal(stderr, "rollcall: it needs Node 22.19.0 or newer, and this is Node 22.18.0.\n");
    assert.deepEqual([exitCode, stdout], [1, ""]);
  });

  it("is found by npx, which then asks no registry", async () => {
    const { stdout } = await npm(project, "exec", "--no", "--offline", "--", "rollcall", "--version");
    assert.equal(stdout, `${VERSION}\n`);
  });

  it("tells the place of an unexpected error in its own code", async () => {
    const { exitCode, stderr } = await inProject(
      NODE,
      "--import",
      "data:text/javascript,Array.fromAsync = () => { throw new TypeError('broken') }",
      path.join(project, "node_modules/.bin/rollcall"),
      "list",
    );
    assert.equal(exitCode, 1);
    assert.match(stderr, /TypeError at\s+lib\/[\w/-]+\.js:\d+:\d+/);
  });
});

describe("the library of the package", () => {
  /** What a project's `tsconfig.json` says besides `strict`. */
  const WAYS = [
    { module: "nodenext" },
    { module: "esnext", moduleResolution: "bundler" },
    { module: "preserve" },
    { module: "node16" },
    // The compiler's defaults.
    {},
  ];

  for (const way of WAYS) {
    it(`has types for a strict project with ${Object.values(way).join(" and ") || "default module settings"}`, async () => {
      await cp(EXAMPLE, path.join(project, "example.ts"));
      const typeRoots = [path.join(ROOT, "node_modules/@types")];
      await compile("example.ts", { ...way, typeRoots, types: ["node"] });
    });
  }

  it("has types for a project that does not have those of Node", async () => {
    const code = `import { openSnapshots, RollcallError, type User } from "@rollcall/rollcall";
      export async function names(storage: string): Promise<readonly User[]> {
        try {
          const credential = { getToken: async () => ({ token: "t", expiresOnTimestamp: 0 }) };
          const snapshots = await openSnapshots({ storage, credential, cloud: "usgov" });
          return await Array.fromAsync((await snapshots.latest()).users());
        } catch (error) {
          if (error instanceof RollcallError && error.code === "snapshot-not-found") return [];
          throw error;
        }
      }`;
    await writeFile(path.join(project, "names.ts"), code);
    await compile("names.ts", { module: "nodenext", types: [] });
    await writeFile(path.join(project, "wrong.ts"), code.replace("usgov", "moon"));
    await assert.rejects(compile("wrong.ts", { module: "nodenext", types: [] }), /"moon"/);
  });

  it("runs the documents' example, and still does when esbuild has bundled it", async () => {
    await cp(EXAMPLE, path.join(project, "example.ts"));
    const alone = await output(inProject(NODE, "example.ts", sandbox.storage.url));
    assert.match(alone, /: [1-9]\d* guests can sign in\n$/);
    const outfile = path.join(project, "bundled.mjs");
    await bundle({ entryPoints: { bundled: "example.ts" }, outExtension: { ".js": ".mjs" }, write: true });
    assert.equal(await output(inProject(NODE, outfile, sandbox.storage.url)), alone);
  });

  it("can be bundled as CommonJS", async () => {
    await writeFile(
      path.join(project, "opens.js"),
      `import { openSnapshots } from "@rollcall/rollcall";
       openSnapshots({ storage: "nonsense" }).catch((error) => console.log(error.code));`,
    );
    const outfile = path.join(project, "bundled.cjs");
    await bundle({
      entryPoints: { bundled: "opens.js" },
      format: "cjs",
      outExtension: { ".js": ".cjs" },
      write: true,
    });
    assert.equal(await output(inProject(NODE, outfile)), "settings-invalid\n");
  });
});

/** What is in a file and in those that it imports at once, by the maps. */
async function sourcesLoadedBy(file: string, seen = new Set<string>()): Promise<readonly string[]> {
  if (seen.has(file)) return [];
  seen.add(file);
  const { sources } = JSON.parse(await readFile(`${file}.map`, "utf8")) as { sources: readonly string[] };
  const code = await readFile(file, "utf8");
  const imported = [...code.matchAll(/\bimport\s*(?:\{[^}]*\}\s*from)?\s*"(\.[^"]+)"/g)].map(
    ([, name = ""]) => path.resolve(path.dirname(file), name),
  );
  const others = await Promise.all(imported.map((name) => sourcesLoadedBy(name, seen)));
  return [...sources, ...others.flat()];
}

/** Type-checks a file of the project. */
async function compile(file: string, options: object): Promise<void> {
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: "es2022",
    lib: ["esnext", "dom"],
    ...options,
  };
  await writeFile(path.join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
  const compiler = promisify(execFile)(process.execPath, [TSC, "--project", project], { cwd: project });
  await compiler.catch((error: { readonly stdout: string }) => assert.fail(error.stdout));
}
