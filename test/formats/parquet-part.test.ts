import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { ParquetPart } from "../../src/formats/parquet-part.ts";
import { countParquetRows } from "../../src/formats/parquet-rows.ts";
import { UNFIT_COLUMN } from "../../src/formats/parquet-schema.ts";
import { HOSTILE_TEXTS, idOf, linesOf } from "./people.ts";

const NAME = "users-00000.parquet";
const PROPERTIES = [
  "id",
  "displayName",
  "accountEnabled",
  "createdDateTime",
  "otherMails",
  "assignedLicenses",
  "extension_0123_level",
];
const NOBODY = {
  id: idOf(0),
  displayName: null,
  accountEnabled: null,
  createdDateTime: null,
  otherMails: null,
  assignedLicenses: null,
  extension_0123_level: null,
};

async function partOf(users: readonly object[], properties: readonly string[] = PROPERTIES) {
  const part = new ParquetPart(properties);
  await part.write(linesOf(users));
  return part.finish(NAME);
}

async function readBack(body: Buffer): Promise<Record<string, unknown>[]> {
  const file = new Uint8Array(body).buffer;
  const compressors = { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) };
  // The reader would take a byte order mark off a text, and has undefined for a list that is null.
  const parsers = { stringFromBytes: (bytes: Uint8Array) => bytes && Buffer.from(bytes).toString() };
  const rows = await parquetReadObjects({ file, compressors, parsers });
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? null])),
  );
}

describe("ParquetPart", () => {
  it("gives each property a column of its type, and readers old and new its meaning", async () => {
    const { body } = await partOf([]);
    const { children } = parquetSchema(parquetMetadata(body));
    const columns = children.map(({ element }) => [
      element.name,
      element.type,
      element.converted_type,
      element.logical_type?.type,
    ]);
    assert.deepEqual(columns, [
      ["id", "BYTE_ARRAY", "UTF8", "STRING"],
      ["displayName", "BYTE_ARRAY", "UTF8", "STRING"],
      ["accountEnabled", "BOOLEAN", undefined, undefined],
      ["createdDateTime", "INT64", "TIMESTAMP_MICROS", "TIMESTAMP"],
      ["otherMails", undefined, "LIST", "LIST"],
      ["assignedLicenses", "BYTE_ARRAY", "JSON", "JSON"],
      ["extension_0123_level", "BYTE_ARRAY", "UTF8", "STRING"],
      [UNFIT_COLUMN, "BYTE_ARRAY", "JSON", "JSON"],
    ]);
    assert.ok(children.every(({ element }) => element.repetition_type === "OPTIONAL"));
    const list = children[4]?.children[0];
    assert.deepEqual(list?.path, ["otherMails", "list"]);
    assert.equal(list.children[0]?.element.converted_type, "UTF8");
    const created = children[3]?.element.logical_type;
    assert.deepEqual(created, { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" });
  });

  it("gives back values, nulls, and empty and nested collections", async () => {
    const licences = [{ skuId: "6fd2c87f", disabledPlans: [] }];
    const users = [
      NOBODY,
      {
        id: idOf(1),
        displayName: "",
        accountEnabled: true,
        createdDateTime: "2018-11-01T10:00:00Z",
        otherMails: [],
        assignedLicenses: [],
        extension_0123_level: "4500",
      },
      {
        id: idOf(2),
        displayName: "Zoë",
        accountEnabled: false,
        createdDateTime: "0001-01-01T00:00:00Z",
        otherMails: ["a@example.org", "ü@example.org"],
        assignedLicenses: licences,
        extension_0123_level: 7,
      },
    ];
    const rows = await readBack((await partOf(users)).body);
    assert.deepEqual(rows, [
      { ...NOBODY, [UNFIT_COLUMN]: null },
      { ...users[1], createdDateTime: new Date("2018-11-01T10:00:00Z"), [UNFIT_COLUMN]: null },
      {
        ...users[2],
        createdDateTime: new Date("0001-01-01T00:00:00Z"),
        extension_0123_level: "7",
        [UNFIT_COLUMN]: null,
      },
    ]);
  });

  it("loses no value that does not fit its column", async () => {
    const users = [
      { ...NOBODY, accountEnabled: "maybe", createdDateTime: "2018-11-01T10:00:00.1234567Z" },
      { ...NOBODY, id: idOf(1), otherMails: [{ address: 'a"b' }] },
    ];
    const rows = await readBack((await partOf(users)).body);
    assert.deepEqual(
      rows.map((row) => row[UNFIT_COLUMN]),
      [
        { accountEnabled: "maybe", createdDateTime: "2018-11-01T10:00:00.1234567Z" },
        { otherMails: [{ address: 'a"b' }] },
      ],
    );
    assert.deepEqual(
      rows.map(({ accountEnabled, createdDateTime, otherMails }) => [
        accountEnabled,
        createdDateTime,
        otherMails,
      ]),
      [
        [null, null, null],
        [null, null, null],
      ],
    );
  });

  it("gives back texts as they were, in columns, lists and JSON", async () => {
    const users = HOSTILE_TEXTS.map((text, index) => ({
      ...NOBODY,
      id: idOf(index),
      displayName: text,
      otherMails: [text, "b"],
      assignedLicenses: { text },
    }));
    const rows = await readBack((await partOf(users)).body);
    assert.deepEqual(
      rows,
      users.map((user) => ({ ...user, [UNFIT_COLUMN]: null })),
    );
  });

  it("has the same columns whatever the values are", async () => {
    const odd = { ...NOBODY, displayName: 5, accountEnabled: "x", createdDateTime: true, otherMails: "y" };
    const schemas = await Promise.all(
      [[], [NOBODY], [odd]].map(async (users) => parquetMetadata((await partOf(users)).body).schema),
    );
    assert.deepEqual(schemas[1], schemas[0]);
    assert.deepEqual(schemas[2], schemas[0]);
  });

  it("compresses, and says who wrote it", async () => {
    const { row_groups, created_by } = parquetMetadata((await partOf([NOBODY])).body);
    const chunks = row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data));
    assert.ok(chunks.length > 0 && chunks.every((chunk) => chunk?.codec === "ZSTD"));
    assert.match(created_by ?? "", /^rollcall version \d/);
  });

  it("writes booleans in the encoding that every reader knows", async () => {
    const users = Array.from({ length: 100 }, (_, at) => ({ ...NOBODY, accountEnabled: at % 3 === 0 }));
    const { row_groups } = parquetMetadata((await partOf(users)).body);
    assert.deepEqual(row_groups[0]?.columns[2]?.meta_data?.encodings, ["PLAIN"]);
  });

  it("closes a row group after 5,000 users, and holds no more than one", async () => {
    const part = new ParquetPart(["id"]);
    const sizes: number[] = [];
    for (let first = 0; first < 22_500; first += 900) {
      await part.write(linesOf(Array.from({ length: 900 }, (_, at) => ({ id: idOf(first + at) }))));
      assert.equal(part.users, first + 900);
      sizes.push(part.bytes);
    }
    // Bytes come with each row group: with the write that takes the users over 5,000, and so on.
    assert.deepEqual(
      sizes.flatMap((bytes, at) => (bytes > (sizes[at - 1] ?? 4) ? at + 1 : [])),
      [6, 12, 17, 23],
    );
    const { entry, body } = await part.finish(NAME);
    const { row_groups } = parquetMetadata(body);
    assert.deepEqual(
      row_groups.map(({ num_rows }) => num_rows),
      [5000n, 5000n, 5000n, 5000n, 2500n],
    );
    assert.equal(entry.users, 22_500);
    const rows = await readBack(body);
    assert.deepEqual(
      rows.map(({ id }) => id),
      Array.from({ length: 22_500 }, (_, at) => idOf(at)),
    );
  });

  it("closes a row group earlier when its users are large", async () => {
    const part = new ParquetPart(["id", "displayName"]);
    const displayName = "x".repeat(8 * 2 ** 20);
    for (let index = 0; index < 5; index++) await part.write(linesOf([{ id: idOf(index), displayName }]));
    const { row_groups } = parquetMetadata((await part.finish(NAME)).body);
    assert.deepEqual(
      row_groups.map(({ num_rows }) => num_rows),
      [4n, 1n],
    );
  });

  it("lists name, users, size and hash of its bytes", async () => {
    const { entry, body } = await partOf([NOBODY]);
    const sha256 = createHash("sha256").update(body).digest("hex");
    assert.deepEqual(entry, { name: NAME, users: 1, bytes: body.length, sha256 });
  });

  it("is a valid file without any user", async () => {
    const { body } = await partOf([]);
    assert.deepEqual(await readBack(body), []);
    assert.equal(countParquetRows(body), 0);
  });
});

describe("countParquetRows", () => {
  it("counts the users of all row groups", async () => {
    const users = Array.from({ length: 10_001 }, (_, at) => ({ id: idOf(at) }));
    assert.equal(countParquetRows((await partOf(users, ["id"])).body), 10_001);
  });

  it("does not count what is no whole Parquet file", async () => {
    const { body } = await partOf([NOBODY]);
    assert.equal(countParquetRows(body.subarray(0, -1)), undefined);
    assert.equal(countParquetRows(body.subarray(0, body.length / 2)), undefined);
    assert.equal(countParquetRows(Buffer.from("PAR1nonsensePAR1")), undefined);
    assert.equal(countParquetRows(Buffer.alloc(0)), undefined);
  });
});
