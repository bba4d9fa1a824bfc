import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatTable } from "../../src/cli/table.ts";

const columns = [{ title: "run" }, { title: "users", align: "right" }] as const;

describe("formatTable", () => {
  it("lines up texts on the left and numbers on the right", () => {
    assert.deepEqual(
      formatTable(columns, [
        ["a", "1"],
        ["bcdef", "12,345"],
      ]),
      ["run     users", "a           1", "bcdef  12,345"],
    );
  });

  it("leaves no blanks at the end of a line", () => {
    assert.deepEqual(formatTable([{ title: "run" }, { title: "verdict" }], [["a", ""]]), [
      "run  verdict",
      "a",
    ]);
  });

  it("cuts what may be cut to fit 80 columns and nothing else", () => {
    const lines = formatTable(
      [{ title: "part" }, { title: "sha256", mayCut: true }, { title: "bytes", align: "right" }],
      [["users-00000.ndjson.gz", "0123456789abcdef".repeat(8), "1,234,567"]],
    );
    assert.equal(lines[1]?.length, 80);
    assert.match(lines[1] ?? "", /^users-00000\.ndjson\.gz {2}0123456789abcdef.*… {2}1,234,567$/);
  });

  it("narrows the gaps before it becomes wider than 80 columns", () => {
    const four = ["a", "b", "c", "d"].map((title) => ({ title }));
    const cells = four.map(() => "x".repeat(19));
    assert.equal(formatTable(four, [cells])[1], cells.join(" "));
  });
});
