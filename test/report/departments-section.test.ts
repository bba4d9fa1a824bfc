import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DepartmentTally } from "../../src/report/facts/department-facts.ts";
import { MoveTally } from "../../src/report/facts/department-moves.ts";
import type { Report } from "../../src/report/facts/report.ts";
import { departmentsSection } from "../../src/report/sections/departments-section.ts";

/** Rows of the table, as text: a department's name, its users, who joined, left, moved in and moved out. */
function rowsOf(departments: readonly (string | undefined)[], moves?: MoveTally): readonly string[] {
  const tally = new DepartmentTally();
  for (const department of departments) tally.add(department);
  const report = {
    facts: { departments: tally.facts() },
    highlights: moves ? { departments: moves.moves } : null,
  } as unknown as Report;
  const section = departmentsSection(report).toString();
  return [...section.matchAll(/<tr role="row"><th role="rowheader".*?<\/tr>/g)].map(([row]) =>
    row.replaceAll(/(<[^>]*>)+/g, " ").trim(),
  );
}

const base = { id: "", userPrincipalName: null, displayName: null };

describe("departmentsSection", () => {
  it("counts every move, also in departments that are not named, and of users without one", () => {
    const named = Array.from({ length: 20 }, (_, at) => `D${at}`);
    const moves = new MoveTally(named);
    for (let at = 0; at < 10_001; at++) {
      moves.add({ ...base, change: "joined", before: null, after: { department: `Small ${at}` } });
    }
    moves.add({ ...base, change: "joined", before: null, after: { department: "D0" } });
    moves.add({ ...base, change: "left", before: { department: null }, after: null });
    moves.add({ ...base, change: "changed", before: { department: "" }, after: { department: "D0" } });
    moves.add({ ...base, change: "changed", before: { jobTitle: "a" }, after: { jobTitle: "b" } });
    const rows = rowsOf([...named, ...named, "Small 1"], moves);
    assert.equal(rows.length, 22);
    assert.ok(rows.includes("D0 2 1 0 1 0"), rows.join("\n"));
    assert.deepEqual(rows.slice(-2), ["All others 1 10,001 0 0 0", "Without a department 0 0 1 0 1"]);
  });

  it("keeps apart what the directory spells differently, and takes names for nothing but names", () => {
    const names = ["Sales", "sales", "__proto__", "constructor", "\ud800", "<b>"];
    assert.deepEqual(rowsOf([...names, undefined, ""]), [
      "&lt;b&gt; 1 – – – –",
      "Sales 1 – – – –",
      "__proto__ 1 – – – –",
      "constructor 1 – – – –",
      "sales 1 – – – –",
      "\ufffd 1 – – – –",
      "Without a department 2 – – – –",
    ]);
  });

  it("says where there are too many to tell which are the largest", () => {
    const tally = new DepartmentTally();
    for (let at = 0; at < 10_001; at++) tally.add(`D${at}`);
    assert.equal(tally.facts().isCut, true);
    const report = { facts: { departments: tally.facts() }, highlights: null } as unknown as Report;
    assert.match(departmentsSection(report).toString(), /There are more than 10,000/);
  });
});
