import { createHash } from "node:crypto";
import { copyFileSync, mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Compiler, type Ended, findCompiler } from "./compiler/compiler.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const TEMPLATE = "compiled/main.json";
const SOURCES = "compiled/sources.json";

/** A subscription, group and directory that are nobody's: with them the snapshots have names in place of expressions. */
const NOWHERE = [
  ...["--subscription-id", "00000000-0000-4000-8000-000000000001", "--resource-group", "rollcall"],
  ...["--location", "westeurope", "--tenant-id", "87d349ed-44d7-43e1-9a83-5f2406dee5bd"],
];

/** What the template and the snapshots are made from, so that `npm test` sees them left behind; not infra/graph, which needs the network. */
export function sourceFiles(): readonly string[] {
  const texts = ["bicepconfig.json", "workbook.json", ...inFolder("queries", ".kql")];
  return [...inFolder("", ".bicep"), ...inFolder("variants", ".bicepparam"), ...texts].sort();
}

/** SHA-256 of each source file, by its path from `infra`. */
export function sourceHashes(): Readonly<Record<string, string>> {
  const hash = (file: string) => createHash("sha256").update(read(file)).digest("hex");
  return Object.fromEntries(sourceFiles().map((file) => [file, hash(file)]));
}

function inFolder(folder: string, ending: string): readonly string[] {
  const names = readdirSync(path.join(FOLDER, folder)).filter((name) => name.endsWith(ending));
  return names.map((name) => path.posix.join(folder, name)).sort();
}

function read(file: string): string {
  return readFileSync(path.join(FOLDER, file), "utf8");
}

/** Formats the sources, and compiles and predicts anew. */
function write(bicep: Compiler): readonly string[] {
  const problems = [...failure("*.bicep", bicep.run("format", "--pattern", "*.bicep"))];
  problems.push(...failure("main.bicep", bicep.run("build", "main.bicep", "--outfile", TEMPLATE)));
  for (const file of inFolder("variants", ".bicepparam")) {
    problems.push(...failure(file, bicep.run("snapshot", file, ...NOWHERE)));
  }
  writeFileSync(path.join(FOLDER, SOURCES), `${JSON.stringify(sourceHashes(), undefined, 2)}\n`);
  return problems;
}

/** Errors and warnings, which the compiler tells apart by its exit code alone: neither is allowed here. */
function lint(bicep: Compiler): readonly string[] {
  // The template's report holds those of all files that it is made of.
  const files = ["main.bicep", ...inFolder("variants", ".bicepparam")];
  return files.flatMap((file) => {
    const { stdout, stderr } = bicep.run("lint", file, "--diagnostics-format", "sarif");
    if (!stdout.trim().startsWith("{")) return [`${file}: no report: ${stderr.trim()}`];
    const report = JSON.parse(stdout) as Sarif;
    return report.runs
      .flatMap(({ results }) => results)
      .map(({ ruleId, level, message, locations }) => {
        const { artifactLocation, region } = locations[0]?.physicalLocation ?? {};
        return `${artifactLocation?.uri ?? file}:${region?.startLine ?? 0}: ${level ?? "warning"} ${ruleId}: ${message.text}`;
      });
  });
}

/** What is read of a report; the whole is at https://docs.oasis-open.org/sarif/sarif/v2.1.0. */
interface Sarif {
  readonly runs: readonly {
    readonly results: readonly {
      readonly ruleId: string;
      readonly level?: string;
      readonly message: { readonly text: string };
      readonly locations: readonly {
        readonly physicalLocation?: {
          readonly artifactLocation?: { readonly uri: string };
          readonly region?: { readonly startLine: number };
        };
      }[];
    }[];
  }[];
}

function format(bicep: Compiler): readonly string[] {
  // The compiler has no check of its own, so it formats a copy.
  using copy = mkdtempDisposableSync(path.join(tmpdir(), "rollcall-"));
  const files = inFolder("", ".bicep");
  for (const file of [...files, "bicepconfig.json"])
    copyFileSync(path.join(FOLDER, file), path.join(copy.path, file));
  const { exitCode, stderr } = bicep.run("format", "--pattern", path.join(copy.path, "*.bicep"));
  if (exitCode !== 0) return [stderr.trim()];
  return files
    .filter((file) => readFileSync(path.join(copy.path, file), "utf8") !== read(file))
    .map((file) => `${file}: not formatted`);
}

function compiled(bicep: Compiler): readonly string[] {
  const { exitCode, stdout, stderr } = bicep.run("build", "main.bicep", "--stdout");
  if (exitCode !== 0) return [`main.bicep: ${stderr.trim()}`];
  return stdout.trim() === read(TEMPLATE).trim() ? [] : [`${TEMPLATE}: not what main.bicep compiles to`];
}

/** Each variant comes to what its snapshot says, resource by resource. */
function predicted(bicep: Compiler): readonly string[] {
  return inFolder("variants", ".bicepparam").flatMap((file) =>
    failure(file, bicep.run("snapshot", file, "--mode", "validate", ...NOWHERE)),
  );
}

/** Each file of bad parameters is refused, with what its first line says. */
function refused(bicep: Compiler): readonly string[] {
  return inFolder("refused", ".bicepparam").flatMap((file) => {
    const [, words = ""] = /^\/\/ Refused: (.+)$/m.exec(read(file)) ?? [];
    const { exitCode, stdout, stderr } = bicep.run("snapshot", file, "--mode", "validate", ...NOWHERE);
    if (exitCode === 0) return [`${file}: not refused`];
    if (words !== "" && `${stdout}${stderr}`.includes(words)) return [];
    return [`${file}: refused, but not with "${words}": ${stdout}${stderr}`];
  });
}

function failure(file: string, { exitCode, stdout, stderr }: Ended): readonly string[] {
  return exitCode === 0 ? [] : [`${file}: ${stdout.trim()}${stderr.trim()}`];
}

if (import.meta.main) {
  const bicep = findCompiler();
  console.log(bicep.run("--version").stdout.trim());
  if (process.argv.includes("--write")) {
    const problems = write(bicep);
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) process.exit(1);
  }
  let failed = 0;
  for (const [name, check] of Object.entries({ lint, format, compiled, predicted, refused })) {
    const problems = check(bicep);
    console.log(`${problems.length === 0 ? "✓" : "✗"} ${name}`);
    for (const problem of problems) console.error(`  ${problem}`);
    failed += problems.length;
  }
  if (failed > 0) {
    console.error(`\n${failed} problem(s). After a change of the sources: npm run infra -- --write`);
    process.exit(1);
  }
}
