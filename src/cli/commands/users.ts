import { type Command, InvalidArgumentError, Option } from "commander";
import { CONDITION_SYNTAX, type Condition, parseCondition } from "../condition.ts";
import { openReadingPlace } from "../reading.ts";
import { RowFilter } from "../row-filter.ts";
import type { Terminal } from "../terminal.ts";
import { OUTPUT_FORMATS, type OutputFormat, openOutput } from "../user-output.ts";
import { LINE_WIDTH } from "../wrap.ts";

const HELP = `
Example: rollcall users | jq -r .userPrincipalName
         rollcall users --where accountEnabled=false --format csv > disabled.csv
         rollcall users --where 'createdDateTime>=2026-01-01' --format table

RUN is a run id, or the beginning of one that no other run shares. A part's
SHA-256 is checked before any of its users is written.

A condition's VALUE is text, true, false, null, or a date. ~ finds VALUE
anywhere in the text, ignoring case. A collection fits when one of its elements
does.

CSV is for Excel: UTF-8 with a byte order mark. A cell that could be taken for a
formula, or that begins with an apostrophe, gets an apostrophe in front: remove
one to get the value. Collections are JSON.

Exit codes: 0 all users written, or the reader closed the pipe; 1 no such run,
or damaged, and then not all users were written; 2 wrong usage or settings.`;

interface Options {
  readonly format: OutputFormat;
  readonly select?: readonly string[];
  readonly where?: readonly Condition[];
}

/** `rollcall users`. */
export function addUsersCommand(program: Command, terminal: Terminal): void {
  const format = new Option("--format <format>", "how to write them").choices(OUTPUT_FORMATS);
  program
    .command("users")
    .description("write the users of a snapshot, or some of them")
    .argument("[run]", "which run (default: the latest)")
    .addOption(format.default("ndjson"))
    .option("--select <properties>", "only these, in this order, separated by commas", readSelect)
    .option("--where <condition>", "only users who fit (repeatable)", readWhere)
    .option("--json", "errors as JSON; does not change --format")
    .addHelpText("after", HELP)
    .action(async (run: string | undefined, options: Options, command: Command) => {
      const { select, where = [] } = options;
      const { snapshots } = await openReadingPlace(terminal);
      const snapshot = await snapshots.open(run);
      const { properties } = snapshot.manifest.source;
      const unknown = [...(select ?? []), ...where.map(({ property }) => property)].filter(
        (name) => !properties.includes(name),
      );
      if (unknown.length > 0) {
        const names = [...new Set(unknown)].join(", ");
        command.error(
          `error: run ${snapshot.manifest.runId} has no property ${names}; it has ${properties.join(", ")}`,
        );
      }
      const { columns } = terminal.io.stdout;
      const output = openOutput(options.format, { properties, select, width: columns ?? LINE_WIDTH });
      const filter = new RowFilter(properties, where);
      const form = options.format === "csv" || options.format === "table" ? "text" : "json";
      const write = (text: string) => terminal.write(text, form);
      if (output.head !== "" && !(await write(output.head))) return;
      for await (const lines of snapshot.lineBatches()) {
        const kept = filter.keep(lines);
        if (kept.length > 0 && !(await write(output.rows(kept)))) return;
      }
      await write(output.tail);
      const leftOut = output.leftOut();
      if (leftOut.length > 0) terminal.complain(`No room for ${leftOut.join(", ")}: --select fewer.`);
    });
}

function readSelect(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("Must be property names separated by commas.");
  return [...new Set(names)];
}

function readWhere(text: string, earlier: readonly Condition[] = []): readonly Condition[] {
  const condition = parseCondition(text);
  if (!condition) throw new InvalidArgumentError(`Must be ${CONDITION_SYNTAX}.`);
  return [...earlier, condition];
}
