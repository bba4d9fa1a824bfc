import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import ignore from "ignore";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(`${ROOT}/.funcignore`, "utf8");
const patterns = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

/** What leaves files out of the package, each by rules of its own. */
interface Tool {
  readonly name: string;
  /** @param path from the root; a folder's ends in a slash */
  readonly leavesOut: (path: string) => boolean;
}

const escaped = (pattern: string) => pattern.replaceAll(/[.+^$()|[\]\\{}?-]/g, "\\$&");

/**
 * azd reads gitignore rules (denormal/go-gitignore): a slash at the beginning anchors a pattern, one at the end asks for a
 * folder, and what is in a folder that is left out is not looked at.
 *
 * @see https://github.com/Azure/azure-dev/blob/main/cli/azd/pkg/project/service_target_functionapp.go
 */
const azd: Tool = { name: "azd", leavesOut: (path) => withFolders(path).some(isIgnoredByAzd) };

function isIgnoredByAzd(path: string): boolean {
  const isFolder = path.endsWith("/");
  const whole = path.replace(/\/$/, "");
  return patterns.some((pattern) => {
    if (pattern.endsWith("/") && !isFolder) return false;
    const names = pattern.replace(/^\//, "").replace(/\/$/, "");
    const isAnchored = pattern.startsWith("/") || names.includes("/");
    const subject = isAnchored ? whole : (whole.split("/").at(-1) ?? "");
    return new RegExp(`^${escaped(names).replaceAll("*", "[^/]*")}$`).test(subject);
  });
}

/** `a/b/c` as `a/`, `a/b/` and `a/b/c`. */
function withFolders(path: string): readonly string[] {
  const folders = [...path.matchAll(/\/(?=.)/g)].map(({ index }) => path.slice(0, index + 1));
  return [...folders, path];
}

/**
 * functions-action with `respect-funcignore` takes the npm package `ignore`, and so does this.
 *
 * @see https://github.com/Azure/functions-action/blob/master/src/utils/funcignore.ts
 */
const action: Tool = {
  name: "functions-action",
  leavesOut: (path) => ignore().add(text).ignores(path),
};

/**
 * Core Tools make one regular expression of all patterns: each is anchored at the root, slash or not, matches a beginning of the
 * path up to the end of a word, and `*` wants one character at the least. They ask about files only.
 *
 * @see https://github.com/Azure/azure-functions-core-tools/blob/main/src/Cli/func/Common/GitIgnoreParser.cs
 */
const coreTools: Tool = {
  name: "Core Tools",
  leavesOut: (path) =>
    path === "local.settings.json" ||
    patterns.some((pattern) => {
      const names = escaped(pattern.replace(/^\//, "")).replaceAll("*", "[^/]+");
      return new RegExp(`^(${names})\\b`).test(path);
    }),
};

const TOOLS: readonly Tool[] = [azd, action, coreTools];

/** What a build leaves, what a laptop has lying around, and what must never leave it. */
const NOT_IN_GIT = [
  ...[
    "dist/functions/take-snapshot.js",
    "dist/functions/snapshot-tenant.js",
    "dist/functions/snapshot-tenant-poison.js",
    "dist/chunks/node-forge-ABCD1234.js",
    "dist/chunks/index-1234ABCD.js",
    "dist/THIRD-PARTY-NOTICES.txt",
  ],
  ...["local.settings.json", "local.settings.prod.json", ".env", ".azure/prod/.env", ".azure/config.json"],
  ...[
    "node_modules/zod/package.json",
    "node_modules/@azure/identity/dist/index.js",
    "node_modules/.bin/node",
  ],
  ...[
    ".sandbox/tls/authority.pem",
    ".git/config",
    ".vscode/settings.json",
    "infra/compiler/obj/project.assets.json",
    "lib/rollcall.js",
    "lib/types/library.d.ts",
    "rollcall-rollcall-2.0.0.tgz",
  ],
];

describe(".funcignore", () => {
  it("has plain patterns only, about which the tools do not differ", () => {
    for (const pattern of patterns) assert.match(pattern, /^(\.\*|\*\.map|\/[\w.*-]+(\/|\/\*)?)$/);
  });

  for (const { name, leavesOut } of TOOLS) {
    it(`lets through the host's files, the bundle and the licence, and nothing else, as ${name} reads it`, {
      skip: !existsSync(`${ROOT}/.git`) && "not a checkout: nobody knows which files are the project's",
    }, () => {
      const files = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).trimEnd().split("\n");
      assert.deepEqual(
        [...files, ...NOT_IN_GIT].filter((file) => !leavesOut(file)).sort(),
        [
          "LICENSE",
          ...NOT_IN_GIT.filter((file) => file.startsWith("dist/")),
          "host.json",
          "package.json",
        ].sort(),
      );
    });
  }

  it("leaves out what is in node_modules and not the folder, for which azd would ask for a remote build", () => {
    assert.equal(azd.leavesOut("node_modules/"), false);
    for (const { leavesOut } of TOOLS) assert.equal(leavesOut("node_modules/zod/index.js"), true);
  });

  it("is read by each tool with its own peculiarities, or the readers here would prove nothing", () => {
    // azd and the action know *.map at any depth, Core Tools at the root only.
    assert.deepEqual(
      TOOLS.map(({ leavesOut }) => leavesOut("dist/functions/take-snapshot.js.map")),
      [true, true, false],
    );
  });
});
