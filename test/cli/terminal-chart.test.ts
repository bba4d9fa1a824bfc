import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawChart } from "../../src/cli/terminal-chart.ts";

function points(...counts: readonly (number | undefined)[]) {
  return counts.map((count, at) => ({ label: `2026-11-${String((at % 28) + 1).padStart(2, "0")}`, count }));
}

describe("drawChart", () => {
  it("draws the highest as a full bar and the lowest as a line", () => {
    assert.deepEqual(drawChart("Users", points(10, 20, undefined, 30)), [
      "Users (the lowest is not 0)",
      "30 ┤             ███",
      "   │             ███",
      "   │     ▅▅▅     ███",
      "   │     ███     ███",
      "10 ┤ ▁▁▁ ███ ··· ███",
      "   └─────────────────",
      "     2026-11-01 to 2026-11-04",
    ]);
  });

  it("is readable with one run and when nothing changes", () => {
    assert.deepEqual(drawChart("Users", points(5)).slice(0, 2), ["Users", "5 ┤ ███"]);
    assert.equal(drawChart("Users", points(5, 5, 5))[1], "5 ┤ ███ ███ ███");
  });

  it("draws nothing where nothing is known", () => {
    assert.deepEqual(drawChart("Users", []), []);
    assert.deepEqual(drawChart("Users", points(undefined)), []);
  });

  it("stays within 80 columns, with the last runs where there is no room for all", () => {
    for (const length of [14, 30, 60, 400]) {
      const counts = Array.from({ length }, (_, at) => 1_000_000 + at);
      const lines = drawChart("Users", points(...counts));
      assert.ok(lines.every((line) => line.length <= 80));
      assert.match(lines[1] ?? "", new RegExp(`^${(1_000_000 + length - 1).toLocaleString("en-US")} ┤.*█`));
    }
  });
});
