import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { styleText } from "node:util";
import { type Sandbox, startSandbox } from "./sandbox.ts";
import type { SandboxRequest } from "./service/fault.ts";

/** How a program of the demo ended, and what it wrote, as far as it was read. */
interface Outcome {
  readonly lines: readonly string[];
  readonly exitCode: number | null;
  readonly errors: string;
}

const WIDTH = 80;
const ROOT = resolve(import.meta.dirname, "../..");
const PEOPLE = 3000;

/** Only a few, so that a user fits on a line of the screen. */
const PROPERTIES = "displayName,userPrincipalName,userType,accountEnabled,department";

const INTRODUCTION = `A tenant of ${PEOPLE.toLocaleString("en-US")} people, its Key Vault, its managed identity and its blob
storage run on this machine. No cloud is involved. To make it harder, Graph
throttles one page and cuts another in the middle.`;

const FAREWELL = `What to do next:

  npm run sandbox                        keeps such a tenant running, and then,
  cp local.settings.sample.json local.settings.json       in another terminal:
  npx rollcall doctor                    checks one by one what a run needs
  npx rollcall snapshot                  takes a snapshot, with a progress line

  docs/deploy.md     your own tenant
  docs/format.md     what a snapshot proves; DuckDB, pandas, PowerShell and az
  docs/operate.md    alerts
  docs/errors.md     every code and its remedy`;

/** Runs a program of this project in a process that has only the sandbox's settings. */
async function run(
  sandbox: Sandbox,
  file: string,
  args: readonly string[],
  maxLines = Number.POSITIVE_INFINITY,
): Promise<Outcome> {
  const child = spawn(process.execPath, [resolve(ROOT, file), ...args], {
    cwd: ROOT,
    env: { ...sandbox.environment, ROLLCALL_PROPERTIES: PROPERTIES },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const errors = text(child.stderr);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === maxLines) break;
  }
  // As `head` does, even if there is more to come.
  child.stdout.destroy();
  await exited;
  return { lines, exitCode: child.exitCode, errors: await errors };
}

/** Prints a step; a failed one ends the demo. */
function show(heading: string, { lines, exitCode, errors }: Outcome): void {
  console.log(`\n${styleText("bold", heading)}\n`);
  for (const line of lines) console.log(`  ${line}`.trimEnd());
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${errors}`);
}

/** The function's log, with its summary line made readable. */
function readable({ lines, ...outcome }: Outcome): Outcome {
  return { ...outcome, lines: lines.flatMap((line) => (line.startsWith("{") ? fieldsOf(line) : [line])) };
}

/** A JSON object as `name: value` pairs, as many on a line as fit. */
function fieldsOf(json: string): readonly string[] {
  const fields = Object.entries(JSON.parse(json) as Record<string, unknown>)
    .filter(([, value]) => !Array.isArray(value) || value.length > 0)
    .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`);
  const lines: string[] = [];
  for (const field of fields) {
    const longer = `${lines.at(-1)}, ${field}`;
    if (lines.length > 0 && longer.length < WIDTH - 2) lines[lines.length - 1] = longer;
    else lines.push(field);
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line},` : line));
}

/** Lines truncated to the width of the screen. */
function cut({ lines, ...outcome }: Outcome): Outcome {
  const room = WIDTH - 2;
  return {
    ...outcome,
    lines: lines.map((line) => (line.length > room ? `${line.slice(0, room - 1)}…` : line)),
  };
}

function isPage({ page }: SandboxRequest): boolean {
  return page !== undefined;
}

async function demonstrate(): Promise<void> {
  await using sandbox = await startSandbox({ users: PEOPLE });
  const { script } = sandbox.tenant;
  const pages = { service: "graph", match: isPage } as const;
  script({ ...pages, after: 1, fault: { kind: "throttle", retryAfter: "1" } });
  script({ ...pages, after: 2, fault: { kind: "cutBody", atShare: 0.5 } });
  const rollcall = (...args: readonly string[]) => run(sandbox, "src/cli/rollcall.ts", args);

  console.log(INTRODUCTION);
  show(
    "The night's run: the timer fires, the built function logs one line of JSON",
    readable(await run(sandbox, "src/sandbox/invoke.ts", [])),
  );
  show("$ npx rollcall list", await rollcall("list"));
  show("$ npx rollcall verify", await rollcall("verify"));
  show("$ npx rollcall show", cut(await rollcall("show")));
  show("$ npx rollcall users | head -3", cut(await run(sandbox, "src/cli/rollcall.ts", ["users"], 3)));
  console.log(`\n${FAREWELL}`);
}

if (import.meta.main) {
  try {
    await demonstrate();
  } catch (error) {
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
