import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ERROR_CODES } from "../src/error.ts";
import { SETTING_NAMES } from "../src/settings.ts";
import { WARNING_CODES } from "../src/warning.ts";

const ROOT = new URL("../", import.meta.url);
const readme = read("README.md");
const packageJson = JSON.parse(read("package.json")) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), "utf8");
}

/** The text from a heading to the next one. */
function section(heading: string): string {
  const [, text] = readme.split(`\n${heading}\n`);
  assert.ok(text, `README.md has no "${heading}"`);
  return text.split(/\n#+ /)[0] ?? "";
}

/** The names in the first column of the table below a heading. */
function firstColumn(heading: string): readonly string[] {
  const rows = section(heading).matchAll(/^\| (`[^|]*) \|/gm);
  return [...rows].flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
}

describe("README.md", () => {
  it("lists exactly the error codes, each once, in their order", () => {
    assert.deepEqual(firstColumn("### Error codes"), ERROR_CODES);
  });

  it("lists exactly the warning codes, each once, in their order", () => {
    assert.deepEqual(firstColumn("### Warning codes"), WARNING_CODES);
  });

  it("lists exactly the settings, each once", () => {
    assert.deepEqual([...firstColumn("## Configure")].sort(), SETTING_NAMES);
  });

  it("lists exactly the dependencies, each once", () => {
    const { dependencies, devDependencies } = packageJson;
    const names = Object.keys({ ...dependencies, ...devDependencies });
    assert.deepEqual([...firstColumn("### Dependencies")].sort(), names.sort());
  });

  it("names only commands that there are, and every one of them", () => {
    const named = [...readme.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)].map(
      ([, script, short]) => script ?? short ?? "",
    );
    assert.deepEqual([...new Set(named)].sort(), Object.keys(packageJson.scripts).sort());
  });

  it("links to files that are there", () => {
    for (const [, file = ""] of readme.matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.ok(existsSync(new URL(file, ROOT)), file);
    }
  });

  it("has a layout of folders that are there", () => {
    for (const [, path = ""] of section("## Develop").matchAll(/^ {4}(\S+)/gm)) {
      assert.ok(existsSync(new URL(path, ROOT)), path);
    }
  });
});

describe(".ci/run", () => {
  it("runs commands that README.md names", () => {
    for (const [command] of read(".ci/run").matchAll(/^npm .*$/gm))
      assert.ok(readme.includes(command), command);
  });
});
