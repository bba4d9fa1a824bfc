import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What the README shows of the demo, cut where it leaves something out. */
async function shownPieces(): Promise<readonly string[]> {
  const readme = await readFile(`${ROOT}/README.md`, "utf8");
  const [, after = ""] = readme.split("Shortened:\n");
  const [shown = ""] = after.split(/^\S/m);
  return shown.split(/^ *…$/m).map(comparable);
}

/** Without what differs from one run to the next: ids, times, sizes, and where lines are broken for them. */
function comparable(text: string): string {
  return text
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, "GUID")
    .replaceAll(/\d{8}T\d{6}Z/g, "RUN")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, "TIME")
    .replaceAll(/[\d.]+ kB/g, "SIZE")
    .replaceAll(/\s+/g, " ")
    .trim();
}

describe("npm run demo", () => {
  it("prints what README.md shows, in its order", async () => {
    const demo = `${ROOT}/src/sandbox/demo.ts`;
    const { stdout } = await promisify(execFile)(process.execPath, [demo], { cwd: ROOT });
    const printed = comparable(stdout);
    const pieces = await shownPieces();
    assert.ok(pieces.length > 2);
    let from = 0;
    for (const piece of pieces) {
      const at = printed.indexOf(piece, from);
      assert.ok(at >= 0, `the demo does not print, from there on:\n${piece}\n\nIt prints:\n${stdout}`);
      from = at + piece.length;
    }
  });
});
