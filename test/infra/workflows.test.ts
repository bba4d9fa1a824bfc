import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDER = `${ROOT}.github/workflows/`;

const workflows = new Map(
  readdirSync(FOLDER).map(
    (name) => [name.replace(".yml", ""), readFileSync(`${FOLDER}${name}`, "utf8")] as const,
  ),
);

function textOf(name: string): string {
  const text = workflows.get(name);
  assert.ok(text, name);
  return text;
}

describe("the workflows", () => {
  it("are those that people look for", () => {
    assert.deepEqual([...workflows.keys()].sort(), ["ci", "deploy", "freshness", "package", "release"]);
  });

  it("run other people's actions in one version each, by its commit", () => {
    for (const [name, text] of workflows) {
      for (const [line, action = ""] of text.matchAll(/uses: (\S+).*$/gm)) {
        if (!action.startsWith("./")) assert.match(line, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
      }
    }
    const all = [...workflows.values()].join("\n");
    const commits = new Map<string, Set<string>>();
    for (const [, action = "", commit = ""] of all.matchAll(/uses: ([^@\s]+)@([0-9a-f]{40})/g)) {
      commits.set(action, (commits.get(action) ?? new Set()).add(commit));
    }
    for (const [action, used] of commits) assert.equal(used.size, 1, action);
  });

  it("may read the code unless a job asks for more, and never run a fork's code with rights", () => {
    for (const [name, text] of workflows) {
      assert.match(text, /^permissions:\n {2}contents: read\n\n/m, name);
      assert.doesNotMatch(text, /pull_request_target|workflow_run|write-all/, name);
      for (const [checkout] of text.matchAll(/uses: actions\/checkout.*(\n.*){2}/g))
        assert.match(checkout, /persist-credentials: false/, name);
    }
  });

  it("put no text of an event or a variable into a command, where it could be one", () => {
    for (const [name, text] of workflows) {
      for (const [command] of text.matchAll(/run: (?:\|\n(?: {10}.*\n)+|.*)/g))
        assert.doesNotMatch(command, /\$\{\{/, name);
    }
  });

  it("sign in to Azure without a secret", () => {
    for (const name of ["deploy", "freshness"]) {
      assert.match(textOf(name), /id-token: write/);
      assert.doesNotMatch(textOf(name), /creds:|client-secret|publish-profile|AZURE_CREDENTIALS/i);
    }
    assert.deepEqual(
      [...new Set([...workflows.values()].join().match(/secrets\.\w+/g))],
      ["secrets.INFRA_ALERT_WEBHOOK_URL"],
    );
  });

  it("call npm scripts that there are", () => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
    for (const [name, text] of workflows) {
      for (const [, script = ""] of text.matchAll(/npm run ([\w-]+)/g))
        assert.ok(scripts[script], `${name}: ${script}`);
    }
  });
});

describe("ci", () => {
  it("holds a change to everything: lint, types, demo, tests, infrastructure", () => {
    for (const command of [
      "npm ci",
      "npm run lint",
      "npm run types",
      "npm run demo",
      "npm test",
      "npm run infra",
    ])
      assert.match(textOf("ci"), new RegExp(`run: ${command}$`, "m"));
    assert.match(textOf("ci"), /^ {2}pull_request:$/m);
  });
});

describe("deploy", () => {
  it("shows on a pull request of this repository what would change, and changes nothing", () => {
    const [, whatIf = ""] = textOf("deploy").split("  what-if:\n");
    const [job = ""] = whatIf.split(/^ {2}\w+:\n/m);
    assert.match(job, /head\.repo\.full_name == github\.repository/);
    assert.match(job, /run: azd provision --preview --no-prompt$/m);
    assert.doesNotMatch(job, /azd (up|deploy|down)|functions-action/);
  });

  it("deploys the package that was tested, in an environment that can ask for an approval, one at a time", () => {
    const [, job = ""] = textOf("deploy").split("  deploy:\n");
    assert.match(job, /^ {4}needs: package$/m);
    assert.match(job, /^ {4}environment: production$/m);
    assert.match(job, /^ {4}concurrency: /m);
    assert.match(job, /remote-build: false/);
    assert.match(
      textOf("package"),
      /npm run check[\s\S]+cp -r host\.json package\.json LICENSE dist package\//,
    );
  });

  it("takes parameters from variables of the repository, and nothing else of them", () => {
    const run = (variables: object) =>
      spawnSync(process.execPath, [`${ROOT}.github/parameters.js`], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, VARIABLES: JSON.stringify(variables) },
      });
    const { stdout } = run({
      INFRA_RETENTION_DAYS: "90",
      ROLLCALL_COUNT: "on",
      PATH: "/tmp",
      NODE_OPTIONS: "-r x",
    });
    assert.equal(stdout, "INFRA_RETENTION_DAYS=90\nROLLCALL_COUNT=on\n");
    const { status, stderr } = run({ INFRA_RETENTION_DAYS: "90\nNODE_OPTIONS=-r x" });
    assert.notEqual(status, 0);
    assert.match(stderr, /The variable INFRA_RETENTION_DAYS must be one line/);
  });
});

describe("release", () => {
  it("has the function app and the npm package, with checksums and a signed statement of where they come from", () => {
    const text = textOf("release");
    assert.match(text, /tags: \["v\*"\]/);
    assert.match(text, /attestations: write/);
    for (const ending of ["zip", "tgz"]) {
      assert.match(
        text,
        new RegExp(`for file in .*"\\$NAME\\.${ending}".*; do sha256sum "\\$file" > "\\$file\\.sha256"`),
      );
      assert.match(
        text,
        new RegExp(`subject-path: \\|(\n {12}\\S.*)*\n {12}\\S.*\\.name \\}\\}\\.${ending}\n`),
      );
      assert.match(
        text,
        new RegExp(`gh release create .*"\\$NAME\\.${ending}" "\\$NAME\\.${ending}\\.sha256"`),
      );
    }
  });

  it("finds its notes in CHANGELOG.md", () => {
    const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
    assert.match(
      readFileSync(`${ROOT}CHANGELOG.md`, "utf8"),
      new RegExp(`^## ${version.replaceAll(".", "\\.")} `, "m"),
    );
  });
});

describe("freshness", () => {
  it("looks at the storage alone, each day", () => {
    const text = textOf("freshness");
    assert.match(text, /cron: "\d+ \d+ \* \* \*"/);
    assert.match(text, /run: npm exec --no -- rollcall doctor --freshness 26h$/m);
    assert.doesNotMatch(text, /KEY_VAULT|CLIENT_SECRET|APPLICATIONINSIGHTS/);
  });
});
