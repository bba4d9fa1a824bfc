import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SANDBOX = "src/sandbox/";

/**
 * The rooms of the house, bottom up: a file or a folder each, without the folders in it. What stands in one may import
 * what stands above it in this list, and nothing that stands below.
 */
const ROOMS: readonly string[] = [
  "src/clock.ts",
  "src/answer.ts",
  "src/error.ts",
  "src/warning.ts",
  "src/deadline.ts",
  "src/progress.ts",
  "src/version.ts",
  "src/rows/",
  "src/http/",
  "src/settings/",
  "src/identity/",
  "src/signature/",
  "src/storage/",
  "src/graph/",
  "src/snapshot/",
  "src/formats/",
  "src/changes/",
  "src/listing/",
  "src/archive/",
  "src/tenants/",
  "src/words/",
  "src/report/markup/",
  "src/report/facts/",
  "src/report/attention/",
  "src/report/sections/",
  "src/report/",
  "src/build-manifest.ts",
  "src/take-snapshot.ts",
  "src/library.ts",
  "src/doctor/",
  "src/cli/",
  "src/cli/completion/",
  "src/cli/actions/",
  "src/cli/commands/",
  "src/cli/cli.ts",
  "src/cli/main.ts",
  "src/cli/rollcall.ts",
  "functions/",
  "src/sandbox/fixed.ts",
  "src/sandbox/people/",
  "src/sandbox/service/",
  "src/sandbox/entra/",
  "src/sandbox/vault/",
  "src/sandbox/graph/",
  "src/sandbox/",
];

/** What opens a manifest or a part. */
const OPENERS = [
  "src/snapshot/part-reader.ts",
  "src/snapshot/part-lengths.ts",
  "src/changes/change-lines.ts",
  "src/changes/side.ts",
];

/** One TypeScript file. */
interface Source {
  /** From the root, with forward slashes. */
  readonly file: string;
  /** Without comments. */
  readonly code: string;
  /** What it imports: a package, or a file from the root. */
  readonly imports: readonly string[];
}

const sources = ["src", "functions"].flatMap(readFolder);
const client = sources.filter(({ file }) => !file.startsWith(SANDBOX));

function readFolder(folder: string): Source[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readSource(path.posix.join(folder, name.replaceAll(path.sep, "/"))));
}

function readSource(file: string): Source {
  const code = withoutComments(readFileSync(path.join(ROOT, file), "utf8"));
  const imports = [...code.matchAll(/\b(?:from\s+|import\s*\(?\s*)["']([^"']+)["']/g)].map(([, name = ""]) =>
    name.startsWith(".") ? path.posix.join(path.posix.dirname(file), name) : name,
  );
  return { file, code, imports };
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** The files in whose code the pattern occurs. */
function filesWith(pattern: RegExp, among: readonly Source[] = sources): string[] {
  return among.filter(({ code }) => pattern.test(code)).map(({ file }) => file);
}

/** Each import that is not allowed, as `importer -> imported`. */
function importsOf(importers: readonly Source[], isForbidden: (imported: string) => boolean): string[] {
  return importers.flatMap(({ file, imports }) =>
    imports.filter(isForbidden).map((imported) => `${file} -> ${imported}`),
  );
}

/** Where a file stands in {@link ROOMS}; -1 for one that stands nowhere. */
function roomOf(file: string): number {
  const own = ROOMS.indexOf(file);
  return own >= 0 ? own : ROOMS.indexOf(`${path.posix.dirname(file)}/`);
}

/** Imports from a room to one that stands below it in the list, as `importer -> imported`. */
function upwardImports(among: readonly Source[]): string[] {
  return among.flatMap(({ file, imports }) =>
    imports.filter((imported) => roomOf(imported) > roomOf(file)).map((imported) => `${file} -> ${imported}`),
  );
}

function isPackage(imported: string): boolean {
  return !/^(src|functions|test)\/|\.(ts|json)$/.test(imported);
}

/** Imports among files that lead back to where they began, as `a -> b -> a`. */
function circles(among: readonly Source[]): string[] {
  const importsByFile = new Map(among.map(({ file, imports }) => [file, imports]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, path: readonly string[]) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (done.has(file) || path.includes(file)) return;
    for (const imported of importsByFile.get(file) ?? []) {
      if (importsByFile.has(imported)) walk(imported, [...path, file]);
    }
    done.add(file);
  };
  for (const { file } of among) walk(file, []);
  return found;
}

describe("the conventions", () => {
  it("have no file import itself on a way round", () => {
    assert.deepEqual(circles(sources), []);
    const source = (file: string, ...imports: readonly string[]): Source => ({ file, code: "", imports });
    assert.deepEqual(circles([source("a", "b"), source("b", "c"), source("c", "b")]), ["b -> c -> b"]);
  });

  it("give each file its room, and let no room import from a higher one", () => {
    const homeless = sources.filter(({ file }) => roomOf(file) < 0);
    assert.deepEqual(
      homeless.map(({ file }) => file),
      [],
    );
    assert.deepEqual(
      ROOMS.filter((room) => !sources.some(({ file }) => ROOMS[roomOf(file)] === room)),
      [],
    );
    assert.deepEqual(upwardImports(sources), []);
    const upwards = { file: "src/rows/guid.ts", code: "", imports: ["src/clock.ts", "src/graph/page.ts"] };
    assert.deepEqual(upwardImports([upwards]), ["src/rows/guid.ts -> src/graph/page.ts"]);
    assert.equal(roomOf("src/rows/new-folder/guid.ts"), -1);
  });

  it("import only what these checks can see", () => {
    const files = new Set(sources.map(({ file }) => file));
    const outside = importsOf(sources, (imported) => !isPackage(imported) && !files.has(imported));
    assert.deepEqual(outside, ["src/version.ts -> package.json"]);
    assert.deepEqual(
      importsOf(sources, (imported) => /^(#|rollcall\b)/.test(imported)),
      [],
    );
    // The Functions worker of the sandbox loads the bundle, whatever is in it.
    assert.deepEqual(filesWith(/(?<![.\w])import\((?!"|\w+: )/), ["src/sandbox/functions-worker.ts"]);
    // Azurite is no module to import, but a program to start.
    assert.deepEqual(filesWith(/\brequire\s*\(|\bcreateRequire\b/), ["src/sandbox/storage.ts"]);
    const names = ["src", "functions"].flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true }),
    );
    assert.deepEqual(
      names.filter((entry) => entry.isFile() && !entry.name.endsWith(".ts")).map(({ name }) => name),
      [],
    );
  });

  it("let readers into the archive by one door", () => {
    const doors = [
      "src/archive/snapshots.ts",
      "src/archive/stored-tenants.ts",
      "src/archive/predecessor.ts",
      "src/archive/commit.ts",
      "src/archive/prune.ts",
      "src/archive/prune-after-commit.ts",
      "src/archive/last-run-blob.ts",
    ];
    const outside = sources.filter(({ file }) => !file.startsWith("src/archive/"));
    assert.deepEqual(
      importsOf(outside, (imported) => imported.startsWith("src/archive/") && !doors.includes(imported)),
      [],
    );
    const readers = outside.filter(
      ({ file }) => !["src/build-manifest.ts", "src/take-snapshot.ts"].includes(file),
    );
    assert.deepEqual(
      importsOf(readers, (imported) =>
        /^src\/archive\/(predecessor|commit|last-run-blob)\.ts$/.test(imported),
      ),
      [],
    );
    const isReader = /^src\/((words|report|doctor|cli)\/|library\.ts)/;
    assert.deepEqual(
      importsOf(
        sources.filter(({ file }) => isReader.test(file)),
        (imported) => OPENERS.includes(imported),
      ),
      [],
    );
    assert.deepEqual(
      OPENERS.filter((opener) => !sources.some(({ file }) => file === opener)),
      [],
    );
  });

  it("are checked on the real sources", () => {
    assert.ok(sources.some(({ file }) => file === "src/take-snapshot.ts"));
    const declarations = sources.find(({ file }) => file === "src/settings/declarations.ts");
    assert.ok(declarations?.imports.includes("zod") && declarations.imports.includes("src/clock.ts"));
  });

  it("pin every dependency to one version", () => {
    const manifest = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    assert.ok(versions.length > 0);
    const loose = versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)));
    assert.deepEqual(loose, []);
  });

  it("name no file after a drawer", () => {
    const drawers = sources.filter(({ file }) =>
      file
        .split("/")
        .some((name) => /^(utils?|helpers?|common|types|interfaces|lib|misc)(\.ts)?$/.test(name)),
    );
    assert.deepEqual(
      drawers.map(({ file }) => file),
      [],
    );
  });

  it("let the sandbox know nothing of the client that it tests", () => {
    const sandbox = sources.filter(({ file }) => file.startsWith(SANDBOX));
    assert.deepEqual(
      importsOf(sandbox, (imported) => !isPackage(imported) && !imported.startsWith(SANDBOX)),
      [],
    );
  });

  it("let the client know nothing of the sandbox", () => {
    assert.deepEqual(
      importsOf(client, (imported) => imported.startsWith(SANDBOX)),
      [],
    );
  });

  it("keep Azure out of Graph and HTTP", () => {
    const inner = client.filter(({ file }) => /^src\/(graph|http)\//.test(file));
    assert.ok(inner.length > 0);
    assert.deepEqual(
      importsOf(inner, (imported) => imported.startsWith("@azure/") || imported.endsWith("/azure-answer.ts")),
      [],
    );
  });

  it("keep storage and snapshots out of Graph and HTTP", () => {
    const inner = client.filter(({ file }) => /^src\/(graph|http)\//.test(file));
    assert.deepEqual(
      importsOf(inner, (imported) => /^src\/(storage|snapshot|cli)\//.test(imported)),
      [],
    );
  });

  it("read the environment at the rim only", () => {
    const isRim = /^(src\/(cli|sandbox)|functions)\//;
    assert.deepEqual(
      filesWith(/\bprocess\s*\.\s*env\b|\bprocess\s*\[/).filter((file) => !isRim.test(file)),
      [],
    );
  });

  it("leave the compiler on", () => {
    assert.deepEqual(filesWith(/\bas any\b|:\s*any\b|<any>/), []);
    const silenced = sources.filter(({ file }) =>
      /@ts-(ignore|nocheck|expect-error)|biome-ignore/.test(readFileSync(path.join(ROOT, file), "utf8")),
    );
    assert.deepEqual(
      silenced.map(({ file }) => file),
      [],
    );
  });

  it("swallow no error in an empty catch", () => {
    assert.deepEqual(filesWith(/\bcatch\s*(\([^)]*\))?\s*\{\s*\}/), []);
    assert.deepEqual(filesWith(/\.catch\(\s*\(\)\s*=>\s*\{\s*\}\s*\)/), []);
  });
});
