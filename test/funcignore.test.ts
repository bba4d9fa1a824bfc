import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * The patterns, which azd, Core Tools and functions-action each read in a way of their own. All three agree about plain
 * ones: a path from the root, with `*` for some characters of a name.
 */
const patterns = readFileSync(`${ROOT}/.funcignore`, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

/** Whether something at the root, or directly below it, is left out of the package. A folder's path ends in a slash. */
function isLeftOut(path: string): boolean {
  return patterns.some((pattern) => {
    const names = pattern
      .replace(/^\//, "")
      .replaceAll(/[.+^$()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[^/]+");
    return new RegExp(`^${names}${pattern.endsWith("/") ? "" : "/?"}$`).test(path);
  });
}

describe(".funcignore", () => {
  it("has plain patterns only", () => {
    for (const pattern of patterns) assert.match(pattern, /^(\.\*|\*\.map|\/[\w.*-]+(\/|\/\*)?)$/);
  });

  it("leaves out what is in node_modules and not the folder, for which azd would ask for a remote build", () => {
    assert.equal(isLeftOut("node_modules/"), false);
    assert.equal(isLeftOut("node_modules/zod/"), true);
    assert.equal(isLeftOut("node_modules/.bin/"), true);
  });

  it("lets through the host's files, the bundle and the licence, and nothing else", {
    skip: !existsSync(`${ROOT}/.git`) && "not a checkout: nobody knows which files are the project's",
  }, () => {
    const files = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).trimEnd().split("\n");
    const entries = new Set(files.map((file) => file.replace(/\/.*/, "/")));
    assert.deepEqual(
      [...entries, "dist/", "local.settings.json", ".env"].filter((entry) => !isLeftOut(entry)).sort(),
      ["LICENSE", "dist/", "host.json", "package.json"],
    );
    assert.equal(isLeftOut("dist/functions/"), false);
  });
});
