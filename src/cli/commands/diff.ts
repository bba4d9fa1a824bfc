import { type Command, InvalidArgumentError, Option } from "commander";
import { CHANGE_KINDS, type ChangeKind } from "../../changes/change-kind.ts";
import type { DiffOptions } from "../actions/diff.ts";
import { OUTPUT_FORMATS } from "../output-format.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall diff 20261121 20261122 --property accountEnabled

FROM and TO are run ids, the beginning of one that no other run shares, or
latest. The order inside a collection does not matter. A property that only one
run selected is not compared. Each part's SHA-256 is checked before it is used.

With --exit-code the command tells by its exit code whether there are
differences; --change and --property narrow what counts as one.

Exit codes: 0 compared; 1 failed, or with --exit-code there are differences;
2 wrong usage or settings; 3 with --exit-code: failed.`;

/** `rollcall diff`. */
export function addDiffCommand(program: Command, terminal: Terminal): void {
  program
    .command("diff")
    .description("show what changed between two snapshots")
    .argument("[from]", "the earlier run (default: the one before TO)")
    .argument("[to]", "the later run (default: the latest)")
    .addOption(
      new Option("--change <kind>", "only such changes (repeatable)")
        .choices(CHANGE_KINDS)
        .argParser(addKind),
    )
    .option("--property <name>", "only users for whom this property changed (repeatable)", addName)
    .option("--limit <count>", "how many of each kind a table shows at most", parseLimit, 20)
    .option("--exit-code", "exit with 1 if there are differences")
    .addOption(new Option("--output <format>", "how to write them").choices(OUTPUT_FORMATS).default("table"))
    .addOption(
      new Option("--json", "short for --output ndjson; errors are JSON, too").implies({ output: "ndjson" }),
    )
    .option("--out <file>", "write to a file, whole or not at all")
    .addHelpText("after", HELP)
    .action(
      async (from: string | undefined, to: string | undefined, options: DiffOptions, command: Command) => {
        const { diff } = await import("../actions/diff.ts");
        await diff(terminal, from, to, options, command);
      },
    );
}

function addKind(text: string, before: readonly ChangeKind[] = []): readonly ChangeKind[] {
  const kind = CHANGE_KINDS.find((known) => known === text);
  if (!kind) throw new InvalidArgumentError(`It must be one of ${CHANGE_KINDS.join(", ")}.`);
  return [...before, kind];
}

function addName(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function parseLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
