import { type Command, InvalidArgumentError } from "commander";
import type { UsersOptions } from "../actions/users.ts";
import { CONDITION_SYNTAX, type Condition, parseCondition } from "../condition.ts";
import { parseCount } from "../count.ts";
import type { Terminal } from "../terminal.ts";
import { addOutputOptions } from "./listing-options.ts";

const HELP = `
Example: rollcall users | jq -r .userPrincipalName
         rollcall users --where accountEnabled=false --output csv --out a.csv
         rollcall users --where 'createdDateTime>=2026-01-01' --output table

RUN is latest, a run id, or the beginning of one that no other run shares. A
part's SHA-256 is checked before any of its users is written.

A condition's VALUE is text, true, false, null, or a date. ~ finds VALUE
anywhere in the text, ignoring case. A collection fits when one of its elements
does.

CSV is for Excel: UTF-8 with a byte order mark. A cell that could be taken for a
formula, or that begins with an apostrophe, gets an apostrophe in front: remove
one to get the value. Collections are JSON.

Exit codes: 0 all users written, or the reader closed the pipe; 1 no such run,
or damaged, and then not all users were written; 2 wrong usage or settings.`;

/** `rollcall users`. */
export function addUsersCommand(program: Command, terminal: Terminal): void {
  const users = program
    .command("users")
    .description("write the users of a snapshot, or some of them")
    .argument("[run]", "which run (default: the latest)")
    .option("--select <properties>", "only these, in this order, separated by commas", readSelect)
    .option("--where <condition>", "only users who fit (repeatable)", readWhere)
    .option("--limit <count>", "how many at most, the first who fit", parseCount);
  addOutputOptions(users, "ndjson", "format")
    .addHelpText("after", HELP)
    .action(async (run: string | undefined, options: UsersOptions, command: Command) => {
      const { users } = await import("../actions/users.ts");
      await users(terminal, run, options, command);
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
