import assert from "node:assert/strict";
import { it } from "node:test";
import { runLabels } from "../../src/report/markup/time-words.ts";

it("labels runs by day, those of one day by minute, and one whose id is no time by a question mark", () => {
  assert.deepEqual(runLabels(["20261122T020000Z", "20261123T020000Z"]), ["22 Nov", "23 Nov"]);
  assert.deepEqual(runLabels(["20261122T020000Z", "20261122T143000Z"]), ["02:00", "14:30"]);
  assert.deepEqual(runLabels(["20260299T020000Z", "20269999T999999Z", "20261122T020000Z"]), [
    "?",
    "?",
    "22 Nov",
  ]);
});
