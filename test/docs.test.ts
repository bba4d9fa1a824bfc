import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  committedSummary,
  failedSummary,
  givenUpSummary,
  queuedSummary,
  retryingSummary,
} from "../functions/summary.ts";
import { ERROR_CODES, RollcallError } from "../src/error.ts";
import { MAX_LINE_BYTES, MAX_PART_CONTENT_BYTES } from "../src/rows/line-limit.ts";
import { SETTING_NAMES } from "../src/settings/settings.ts";
import { manifestContradictions } from "../src/snapshot/contradictions.ts";
import { folderOf, manifestPath } from "../src/snapshot/layout.ts";
import { type Latest, type Manifest, parseLatest, parseManifest } from "../src/snapshot/manifest.ts";
import { WARNING_CODES } from "../src/warning.ts";
import { rollcallHere } from "./cli/rollcall-process.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Every document, by its path from the root. */
const DOCUMENTS: ReadonlyMap<string, string> = new Map(
  ["", "docs"].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => path.posix.join(folder, name))
      .map((file) => [file, read(file)] as const),
  ),
);

const packageJson = JSON.parse(read("package.json")) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** The fields of an invocation, which the function adds to the summary of a run. */
const OCCASION = ["pastDue", "attempt"];

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

function textOf(file: string): string {
  const text = DOCUMENTS.get(file);
  assert.ok(text !== undefined, `there is no ${file}`);
  return text;
}

/** The text from a heading to the next one. */
function section(file: string, heading: string): string {
  const [, text] = textOf(file).split(`\n${heading}\n`);
  assert.ok(text, `${file} has no "${heading}"`);
  return text.split(/\n#+ /)[0] ?? "";
}

/** The names in the first column of the tables below a heading. */
function firstColumn(file: string, heading: string): readonly string[] {
  const rows = section(file, heading).matchAll(/^\| (`[^|]*) \|/gm);
  return [...rows].flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
}

/** The first block of JSON below a heading. */
function example(file: string, heading: string): Buffer {
  const [, json] = /^```json\n([\s\S]*?)^```$/m.exec(section(file, heading)) ?? [];
  assert.ok(json, `${file} has no example of JSON below "${heading}"`);
  return Buffer.from(json);
}

/** `source.listing.used`, and so on: every field that holds a value; of lists, only those of a manifest's parts. */
function fieldsOf(value: unknown, name = ""): readonly string[] {
  if (Array.isArray(value)) return name === "parts" ? [name, ...fieldsOf(value[0], "parts[]")] : [name];
  // Its fields are the properties that were selected.
  if (typeof value !== "object" || value === null || name === "source.filled") return [name];
  return Object.entries(value).flatMap(([key, field]) =>
    fieldsOf(field, name === "" ? key : `${name}.${key}`),
  );
}

/** The commands of the command line. */
async function commandNames(): Promise<string[]> {
  const { stdout } = await rollcallHere(["--help"], {});
  const [, listed = ""] = stdout.split("\nCommands:\n");
  return [...listed.matchAll(/^ {2}([a-z]+) /gm)]
    .map(([, name = ""]) => name)
    .filter((name) => name !== "help");
}

/** A document without its blocks of code, in which nothing is a heading or a link. */
function prose(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/^ {4}.*$/gm, "");
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of prose(text).matchAll(/^#+ (.+)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let nth = 1; anchors.has(anchor); nth++) anchor = `${slug}-${nth}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** A link from one document to a file of the project. */
interface Link {
  /** From the root. */
  readonly target: string;
  /** Empty for a link to the whole file. */
  readonly anchor: string;
}

function linksOf(file: string): readonly Link[] {
  return [...prose(textOf(file)).matchAll(/\]\(([^)]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [name = "", anchor = ""] = link.split("#");
      return { target: name === "" ? file : path.posix.join(path.posix.dirname(file), name), anchor };
    });
}

describe("the documents", () => {
  it("list exactly the error codes, each once, in their order", () => {
    assert.deepEqual(firstColumn("docs/errors.md", "## Error codes"), ERROR_CODES);
  });

  it("list exactly the warning codes, each once, in their order", () => {
    assert.deepEqual(firstColumn("docs/errors.md", "## Warning codes"), WARNING_CODES);
  });

  it("list exactly the settings, each once", () => {
    assert.deepEqual([...firstColumn("docs/settings.md", "## All settings")].sort(), SETTING_NAMES);
  });

  it("list exactly the dependencies, each once", () => {
    const { dependencies, devDependencies } = packageJson;
    const names = Object.keys({ ...dependencies, ...devDependencies });
    assert.deepEqual([...firstColumn("CONTRIBUTING.md", "## Dependencies")].sort(), names.sort());
  });

  it("list exactly the fields of the summary line", () => {
    const manifest = parseManifest(example("docs/format.md", "## The manifest"), "the example");
    const failure = { doing: "", problem: "", remedy: "", answer: { status: 403 } };
    const fields = [
      ...Object.keys(committedSummary({ manifest, isNew: true, pruned: null, warnings: manifest.warnings })),
      ...Object.keys(failedSummary(new RollcallError("unexpected", failure), 0)),
      ...Object.keys(retryingSummary("contoso.com", new RollcallError("unexpected", failure), 0)),
      ...Object.keys(queuedSummary({ tenants: [], warnings: [] }, 0, new Date(0))),
      ...Object.keys(
        givenUpSummary(
          { tenant: "contoso.com", slot: new Date(0) },
          { failure: new RollcallError("unexpected", failure) },
        ),
      ),
      ...OCCASION,
    ];
    assert.deepEqual(
      [...firstColumn("docs/operate.md", "## The summary line")].sort(),
      [...new Set(fields)].sort(),
    );
  });

  it("list the exit codes of each command as its help does", async () => {
    const commands = await commandNames();
    const rows = [...section("docs/operate.md", "## Exit codes").matchAll(/^\| `([a-z]+)` \|(.*)\|$/gm)];
    assert.deepEqual(rows.map(([, name]) => name).sort(), commands.toSorted());
    for (const [, name = "", cells = ""] of rows) {
      const help = (await rollcallHere([name, "--help"], {})).stdout;
      const [, codes = ""] = help.replaceAll(/\s+/g, " ").split("Exit codes: ");
      const listed = cells
        .split("|")
        .flatMap((cell, code) => (cell.trim() === "" ? [] : `${code} ${cell.trim()}`));
      assert.deepEqual(
        listed,
        codes
          .trim()
          .replace(/\.$/, "")
          .split(/[;,] (?=\d )/),
        name,
      );
    }
  });

  it("show a manifest that can be read, and explain each of its fields", () => {
    const bytes = example("docs/format.md", "## The manifest");
    const manifest: Manifest = parseManifest(bytes, "the example");
    assert.deepEqual(manifestContradictions(manifest, folderOf(manifest.tenantId, manifest.runId)), []);
    // What a reader drops is no field.
    assert.deepEqual(manifest, JSON.parse(bytes.toString()));
    const explained = new Set(firstColumn("docs/format.md", "## The manifest"));
    const fields = fieldsOf(manifest);
    assert.deepEqual(
      fields.filter((field) => !explained.has(field)),
      [],
    );
    const shown = (name: string) => fields.some((field) => field === name || field.startsWith(`${name}.`));
    const hidden = [...explained].filter((name) => !shown(name));
    // Below a field that is null in the example, and a format that it does not have.
    assert.deepEqual(hidden, [
      "source.slices.usersEach",
      "source.slices.starts",
      "source.slices.users",
      "formats.parquet",
    ]);
  });

  it("show a latest.json that fits, and explain each of its fields", () => {
    const manifest = parseManifest(example("docs/format.md", "## The manifest"), "the example");
    const latest: Latest = parseLatest(example("docs/format.md", "## latest.json"), "the example");
    assert.equal(latest.manifest, manifestPath(folderOf(manifest.tenantId, manifest.runId)));
    assert.equal(latest.users, manifest.completeness.unique);
    assert.deepEqual(firstColumn("docs/format.md", "## latest.json"), Object.keys(latest));
  });

  it("state the bounds that the code has", () => {
    const mib = (bytes: number) => `${bytes / 2 ** 20} MiB`;
    const bounds = `A line is at most ${mib(MAX_LINE_BYTES)}, and a part at most ${mib(MAX_PART_CONTENT_BYTES)} decompressed`;
    assert.ok(section("docs/format.md", "## What you may rely on").includes(bounds), bounds);
  });

  it("show the library's example as it is run", () => {
    const example = `\`\`\`ts\n${read("test/examples/enabled-guests.ts")}\`\`\``;
    for (const file of ["README.md", "docs/library.md"]) assert.ok(textOf(file).includes(example), file);
  });

  it("publish from a fresh clone, which tells Core Tools no language", () => {
    const commands = [...DOCUMENTS.values()].flatMap(
      (text) => text.match(/^func azure functionapp publish .*$/gm) ?? [],
    );
    assert.ok(commands.length > 0);
    for (const command of commands) assert.match(command, / --no-build --typescript$/);
  });

  it("name only npm scripts that there are, and every one of them", () => {
    const named = [...DOCUMENTS.values()].flatMap((text) =>
      [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)].map(
        ([, script, short]) => script ?? short ?? "",
      ),
    );
    assert.deepEqual([...new Set(named)].sort(), Object.keys(packageJson.scripts).sort());
  });

  it("link only to files and headings that are there", () => {
    for (const file of DOCUMENTS.keys()) {
      for (const { target, anchor } of linksOf(file)) {
        assert.ok(existsSync(path.join(ROOT, target)), `${file} links to ${target}`);
        if (anchor !== "")
          assert.ok(anchorsOf(textOf(target)).has(anchor), `${file} links to ${target}#${anchor}`);
      }
    }
  });

  it("are all reached from README.md", () => {
    const reached = new Set(["README.md"]);
    for (const file of reached) {
      for (const { target } of linksOf(file)) if (DOCUMENTS.has(target)) reached.add(target);
    }
    assert.deepEqual([...reached].sort(), [...DOCUMENTS.keys()].sort());
  });

  it("are named by path only where there is such a document", () => {
    for (const file of [
      "src/sandbox/demo.ts",
      "src/error.ts",
      "src/warning.ts",
      "src/settings/settings.ts",
    ]) {
      for (const [name] of read(file).matchAll(/\b(?:docs\/)?[\w-]+\.md\b/g))
        assert.ok(DOCUMENTS.has(name), `${file}: ${name}`);
    }
  });
});

describe("README.md", () => {
  it("begins with two commands", () => {
    assert.ok(
      section("README.md", "## Try it").includes("\n    npm ci && npm run demo\n    npm ci && npm test\n"),
    );
  });

  it("lists exactly the commands of the command line, each once", async () => {
    const commands = await commandNames();
    const listed = firstColumn("README.md", "## Commands").map((name) => name.split(" ")[2] ?? "");
    assert.ok(commands.length > 0);
    assert.deepEqual([...listed].sort(), commands.toSorted());
  });

  it("lists exactly the folders", () => {
    const listed = firstColumn("CONTRIBUTING.md", "## Folders").filter((name) => name.endsWith("/"));
    const folders = readdirSync(path.join(ROOT, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `src/${name}/`);
    assert.deepEqual([...listed].sort(), ["functions/", "infra/", "src/", "test/", ...folders].sort());
  });

  it("asks for no setting that there is not", () => {
    for (const name of firstColumn("README.md", "## Configure"))
      assert.ok(SETTING_NAMES.includes(name), name);
  });
});

describe(".ci/run", () => {
  it("runs commands that README.md names", () => {
    for (const [command] of read(".ci/run").matchAll(/^npm .*$/gm))
      assert.ok(textOf("README.md").includes(command), command);
  });
});
