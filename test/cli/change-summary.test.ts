import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChangeSummary } from "../../src/cli/change-summary.ts";

describe("ChangeSummary", () => {
  it("shows values as they are in the snapshots, however large the integers", () => {
    const summary = new ChangeSummary(1);
    const line =
      '{"id":"00000000-0000-4000-8000-000000000001","change":"changed","userPrincipalName":"a@contoso.com",' +
      '"displayName":"A","before":{"n":9007199254740992,"s":"","t":null},"after":{"n":9007199254740993,"s":"x\\u0041","t":[1.50]}}';
    summary.add({ kind: "changed", properties: ["n", "s", "t"], line: Buffer.from(line) });
    const text = summary.lines(["changed"], []).join("\n");
    assert.match(text, /n +9007199254740992 +9007199254740993/);
    assert.match(text, /s +"" +xA/);
    assert.match(text, /t +null +\[1\.50\]/);
  });
});
