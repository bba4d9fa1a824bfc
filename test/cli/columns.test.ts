import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import stringWidth from "string-width";
import { fitTo } from "../../src/cli/display-width.ts";
import { formatTable, Table } from "../../src/cli/table.ts";
import { hang, labelled, wrap } from "../../src/cli/wrap.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { rollcallHere, rollcallIn } from "./rollcall-process.ts";

/** Names whose number of characters is not the number of columns that they take. */
const NAMES = [
  "田中太郎",
  "👨‍👩‍👧‍👦 Family",
  "Ame\u0301lie Le\u0301ger",
  "🇩🇪🇫🇷 Flags",
  "❤\uFE0F☎\uFE0E Variations",
  "﷽",
  "김철수",
  "नमस्ते",
  "ﾊﾝｶｸ ｶﾀｶﾅ",
  "\u{20000}\u{2A6D6}𝒜𝓁𝒾𝒸𝑒",
  "Zero\u200Bwidth\u00ADname",
  "red \u001B[31m\u0007 alarm",
  "turned \u202Egnp.exe",
] as const;
const LONG_NAMES = NAMES.map((name) => name.repeat(100));

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Whether something ends at this column of a line, or the line before it. */
function hasEdgeAt(line: string, column: number): boolean {
  let used = 0;
  for (const { segment } of graphemes.segment(line)) {
    if (used >= column) break;
    used += stringWidth(segment);
  }
  return used <= column;
}

/** What stands in these columns of a line. */
function inColumns(line: string, from: number, to: number): string {
  let used = 0;
  let text = "";
  for (const { segment } of graphemes.segment(line)) {
    if (used >= from && used < to) text += segment;
    used += stringWidth(segment);
  }
  return text;
}

/** Asserts that each row has its texts where the heading has its titles, which stand left and are ASCII. */
function assertLinesUp(lines: readonly string[]): void {
  const [heading = "", ...rows] = lines;
  const starts = [...heading.matchAll(/(?<= {1,2})\S+/g)].map(({ index }) => index);
  assert.ok(starts.length > 0 && rows.length > 0, lines.join("\n"));
  for (const row of rows) {
    assert.ok(row.isWellFormed(), row);
    for (const start of starts) {
      assert.ok(hasEdgeAt(row, start), `no column at ${start}:\n${heading}\n${row}`);
      assert.match(inColumns(row, start - 1, start), /^ ?$/, `${heading}\n${row}`);
    }
  }
}

function assertFits(text: string, width = 80): void {
  for (const line of text.split("\n")) assert.ok(stringWidth(line) <= width, `${stringWidth(line)}: ${line}`);
}

describe("fitTo", () => {
  it("fills or cuts to the very width and splits nothing that people see as one character", () => {
    for (const name of [...NAMES.slice(0, -2), ...LONG_NAMES.slice(0, -2)]) {
      const whole = [...graphemes.segment(name)].map(({ segment }) => segment);
      for (const align of ["left", "right"] as const) {
        for (let width = 1; width <= 40; width++) {
          const fitted = fitTo(name, width, align);
          assert.equal(stringWidth(fitted), width, fitted);
          const text = fitted.trim();
          const kept = [...graphemes.segment(text.replace(/…$/, ""))].map(({ segment }) => segment);
          if (text !== name) assert.ok(text.endsWith("…"), fitted);
          assert.deepEqual(kept, whole.slice(0, kept.length));
        }
      }
    }
  });

  it("leaves what fits as it is", () => {
    for (const name of NAMES.slice(0, -2)) assert.equal(fitTo(name, 40).trimEnd(), name);
  });
});

describe("the terminal's table", () => {
  const columns = [{ title: "name" }, { title: "kind" }, { title: "users", align: "right" }] as const;

  it("lines up names of any script, and numbers behind them", () => {
    const lines = formatTable(
      columns,
      NAMES.map((name, at) => [name, "Member", String(10 ** (at % 7))]),
    );
    assertLinesUp(lines.map((line) => line.slice(0, line.lastIndexOf("  ")).trimEnd()));
    assert.equal(new Set(lines.map((line) => stringWidth(line))).size, 1, lines.join("\n"));
  });

  it("cuts what may be cut to 80 columns, whatever its characters", () => {
    for (const name of LONG_NAMES) {
      const lines = formatTable([{ title: "name", mayCut: true }, { title: "kind" }], [[name, "Member"]]);
      assertLinesUp(lines);
      assertFits(lines.join("\n"));
      assert.match(lines[1] ?? "", /… *Member$/);
    }
  });

  it("cuts a column to its greatest width, and the widest first", () => {
    const [, row = ""] = formatTable(
      [
        { title: "a", maxWidth: 5 },
        { title: "b", mayCut: true },
        { title: "c", mayCut: true },
      ],
      [["田中太郎", "b".repeat(20), "c".repeat(90)]],
    );
    assert.equal(row, `田中…  ${"b".repeat(20)}  ${"c".repeat(50)}…`);
  });

  it("keeps the widths of its first rows, and the columns that it had room for", () => {
    const wide = ["one", "two", "three"].map((title) => ({ title, mayCut: true, mayDrop: true }));
    const table = new Table(wide, 20);
    const first = table.lines([LONG_NAMES.slice(0, 3)]);
    const later = table.lines(LONG_NAMES.map((name) => ["x", name, name]));
    assert.deepEqual(table.leftOut, ["three"]);
    assertLinesUp([...first, ...later]);
    assertFits([...first, ...later].join("\n"), 20);
  });

  it("has a line as narrow as the terminal says, even where that makes no sense", () => {
    for (const width of [0, 1, 2, 9]) {
      const table = new Table([{ title: "name", mayCut: true, mayDrop: true }], width);
      assertFits(table.lines(NAMES.map((name) => [name])).join("\n"), Math.max(1, width));
    }
  });

  it("takes as many rows as there are", () => {
    const rows = Array.from({ length: 200_000 }, (_, at) => [String(at), "", ""]);
    assert.equal(formatTable(columns, rows).length, rows.length + 1);
  });
});

describe("wrapped texts", () => {
  it("stay within 80 columns, and keep a word whole that is too long", () => {
    const url = `https://example.com/${"long".repeat(30)}`;
    for (const name of NAMES) {
      const lines = labelled([
        ["what", `${`${name} `.repeat(40)}${url}`],
        ["名前", name],
      ]);
      assert.equal(lines.filter((line) => line.includes(url)).length, 1);
      assertFits(lines.filter((line) => !line.includes(url)).join("\n"));
      for (const line of lines) assert.match(inColumns(line, 6, 8), /^ {2}$/, line);
    }
  });

  it("hang behind a lead of any script", () => {
    const [first = "", second = ""] = hang("✗ 田中太郎: ", "word ".repeat(30).trim());
    assert.equal(inColumns(first, 0, 12), "✗ 田中太郎: ");
    assert.ok(second.startsWith(`${" ".repeat(12)}word`));
    assertFits(`${first}\n${second}`);
  });

  it("are measured as they are shown", () => {
    assert.deepEqual(wrap("\u001B[31mred\u0007 \u202Eend", 4), ["red\uFFFD", "\uFFFDend"]);
  });
});

describe("every command's columns", () => {
  let sandbox: Sandbox;
  let here: (...args: readonly string[]) => Promise<string>;

  before(async () => {
    sandbox = await startTestSandbox({ users: 60 });
    const run = rollcallIn(
      sandbox,
      { ROLLCALL_STORAGE: sandbox.storage.connectionString, ROLLCALL_CHANGES: "on" },
      rollcallHere,
    );
    here = async (...args) => {
      const { stdout, stderr } = await run(...args);
      assert.equal(stderr, "");
      return stdout;
    };
    const { directory } = sandbox.tenant;
    const names = [...NAMES, ...LONG_NAMES];
    const ids = [...directory.ids()];
    for (const [at, displayName] of names.entries()) directory.update(ids[at] ?? "", { displayName });
    await here("snapshot");
    await delay(1000 - (Date.now() % 1000));
    for (const [at, displayName] of names.toReversed().entries()) {
      directory.update(ids[at] ?? "", { displayName, department: displayName, jobTitle: null });
      directory.add({ displayName });
    }
    for (const id of ids.slice(names.length - 5, names.length)) directory.remove(id);
    await here("snapshot");
  });
  after(() => sandbox[Symbol.asyncDispose]());

  it("line up in users", async () => {
    const select = ["--select", "userType,displayName,accountEnabled,userPrincipalName"];
    const stdout = await here("users", "--format", "table", ...select);
    assertFits(stdout);
    assertLinesUp(stdout.trimEnd().split("\n"));
    assert.ok(stdout.includes("田中太郎") && stdout.includes("👨‍👩‍👧‍👦") && stdout.includes("…"));
  });

  it("line up in diff", async () => {
    const stdout = await here("diff", "--limit", "100");
    assertFits(stdout);
    const tables = stdout.trimEnd().split("\n\n").slice(1);
    assert.deepEqual(
      tables.map((table) => table.split(" ")[0]),
      ["joined", "left", "changed"],
    );
    for (const table of tables) assertLinesUp(table.split("\n"));
    assert.ok(stdout.includes("김철수") && stdout.includes("…"));
  });

  it("line up in list, show and history", async () => {
    for (const [command, isRow] of [
      ["list", /^(run |\d{8}T\d{6}Z )/],
      ["history", /^(run |\d{8}T\d{6}Z )/],
      ["show", /^users-\d+/],
    ] as const) {
      const lines = (await here(command)).split("\n");
      assertFits(lines.filter((line) => !line.startsWith("  path ")).join("\n"));
      // The last column stands right, or is full.
      const widths = lines.filter((line) => isRow.test(line)).map((line) => stringWidth(line));
      assert.equal(new Set(widths).size, 1, lines.join("\n"));
    }
  });

  it("line up in doctor", async () => {
    const lines = (await here("doctor")).split("\n").filter((line) => /^[✓!✗·] /.test(line));
    assertFits(lines.join("\n"));
    for (const line of lines) {
      assert.match(inColumns(line, 0, 23), /^[✓!✗·] [a-z]+ +[a-z]+ {2,}$/);
      assert.notEqual(inColumns(line, 23, 24), " ");
    }
  });
});
