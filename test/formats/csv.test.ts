import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { parse } from "csv-parse/sync";
import { CsvRows, countCsvRows } from "../../src/formats/csv.ts";
import { CsvPart } from "../../src/formats/csv-part.ts";
import { HOSTILE_TEXTS, idOf, linesOf } from "./people.ts";

const NAME = "users-00000.csv";

/** Parses as another program would, and takes the apostrophes away as documented. */
function readBack(body: Buffer): Record<string, string>[] {
  const rows: Record<string, string>[] = parse(body, { bom: true, columns: true, record_delimiter: "\r\n" });
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell.replace(/^'/, "")])),
  );
}

async function partOf(users: readonly object[], properties: readonly string[]) {
  const part = new CsvPart(properties);
  await part.write(linesOf(users), users.length);
  return part.finish(NAME);
}

describe("CsvRows", () => {
  it("writes null, empty text, booleans, numbers and nested values so that they can be told apart", () => {
    const csv = new CsvRows(["a", "b"]);
    const rows = (a: unknown, b: unknown) => csv.rows([`${JSON.stringify({ a, b })}\n`]);
    assert.equal(csv.heading, "\uFEFFa,b\r\n");
    assert.equal(rows(null, ""), ',""\r\n');
    assert.equal(rows(true, false), "true,false\r\n");
    assert.equal(rows(-5, 1e21), "-5,1e+21\r\n");
    assert.equal(rows([], {}), "[],{}\r\n");
    assert.equal(rows(["x", 'y"'], { z: null }), '"[""x"",""y\\""""]","{""z"":null}"\r\n');
  });

  it("keeps leading zeros, and quotes what looks like a number", () => {
    const csv = new CsvRows(["a", "b", "c"]);
    assert.equal(csv.rows(['{"a":"001234","b":"1e5","c":"18/2111"}']), '"001234","1e5",18/2111\r\n');
  });

  it("puts an apostrophe before what could be taken for a formula, and before an apostrophe", () => {
    const csv = new CsvRows(["a"]);
    const cell = (a: string) => csv.rows([JSON.stringify({ a })]).slice(0, -2);
    assert.equal(cell("=1+1"), "'=1+1");
    assert.equal(cell("+1 425"), "'+1 425");
    assert.equal(cell("@SUM(A1)"), "'@SUM(A1)");
    assert.equal(cell("'=1+1"), "''=1+1");
    assert.equal(cell("\t=1"), '"\'\t=1"');
    assert.equal(cell("\u200B＝1"), "'\u200B＝1");
    assert.equal(cell("a=b"), "a=b");
    assert.equal(cell("O'Brien"), "O'Brien");
    assert.equal(cell("李小龍"), "李小龍");
  });

  it("leaves no cell that a spreadsheet would calculate", async () => {
    const users = HOSTILE_TEXTS.map((displayName) => ({ displayName, jobTitle: `x${displayName}` }));
    const { body } = await partOf(users, ["displayName", "jobTitle"]);
    const cells: string[][] = parse(body, { bom: true, record_delimiter: "\r\n" });
    assert.equal(cells.length, users.length + 1);
    for (const cell of cells.flat())
      assert.doesNotMatch(cell.normalize("NFKC"), /^[\s\p{C}]*[=+\-@]|^[\t\r\n]/u);
  });

  it("is read back whole by another program", async () => {
    const users = HOSTILE_TEXTS.map((displayName, index) => ({
      id: idOf(index),
      displayName,
      otherMails: [displayName, "b"],
      employeeId: null,
    }));
    const { body } = await partOf(users, ["id", "displayName", "otherMails", "employeeId"]);
    assert.deepEqual(
      readBack(body),
      users.map((user) => ({ ...user, otherMails: JSON.stringify(user.otherMails), employeeId: "" })),
    );
  });

  it("takes some columns in another order", () => {
    const csv = new CsvRows(["id", "mail", "city"], ["city", "id"]);
    assert.equal(csv.heading + csv.rows(['{"id":"a","mail":"b","city":"c"}']), "\uFEFFcity,id\r\nc,a\r\n");
  });
});

describe("CsvPart", () => {
  it("begins with a byte order mark and the heading, also without users", async () => {
    const { entry, body } = await new CsvPart(["id", "mail"]).finish(NAME);
    assert.deepEqual(body, Buffer.from("\uFEFFid,mail\r\n"));
    assert.deepEqual([entry.users, entry.bytes], [0, body.length]);
    assert.equal(countCsvRows(body), 0);
  });

  it("counts its users and its bytes while it is filled", async () => {
    const part = new CsvPart(["id", "displayName"]);
    for (let write = 0; write < 3; write++) {
      const users = HOSTILE_TEXTS.map((displayName, index) => ({ id: idOf(index), displayName }));
      await part.write(linesOf(users), users.length);
    }
    const { bytes, users } = part;
    const { entry, body } = await part.finish(NAME);
    assert.deepEqual(entry, {
      name: NAME,
      users: 3 * HOSTILE_TEXTS.length,
      bytes: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
    });
    assert.deepEqual([bytes, users], [entry.bytes, entry.users]);
  });
});

describe("countCsvRows", () => {
  it("counts users, not lines", async () => {
    const users = HOSTILE_TEXTS.map((displayName) => ({ displayName }));
    const { body } = await partOf(users, ["displayName"]);
    assert.equal(countCsvRows(body), users.length);
  });

  it("does not count a file that is cut", async () => {
    const { body } = await partOf([{ a: "x" }, { a: "two\r\nlines" }], ["a"]);
    for (let end = 0; end < body.length; end++) {
      const rows = countCsvRows(body.subarray(0, end));
      assert.ok(rows === undefined || rows < 2, `cut at ${end}`);
    }
    assert.equal(countCsvRows(Buffer.from("nonsense")), undefined);
    assert.equal(countCsvRows(Buffer.alloc(0)), undefined);
  });
});
