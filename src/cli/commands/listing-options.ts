import { type Command, Option } from "commander";
import { parseCount } from "../count.ts";
import { OUTPUT_FORMATS, type OutputFormat } from "../output-format.ts";
import { parseMoment } from "../run-range.ts";

/**
 * Adds `--output`, `--json` in short for one of its choices, and `--out`, as every listing has them.
 *
 * @param format where nothing is said
 * @param alias a former name of `--output`, which is no longer shown
 */
export function addOutputOptions(command: Command, format: OutputFormat, alias?: string): Command {
  command
    .addOption(new Option("--output <format>", "how to write them").choices(OUTPUT_FORMATS).default(format))
    .addOption(
      new Option("--json", "short for --output json; errors are JSON, too").implies({ output: "json" }),
    )
    .option("--out <file>", "write to a file, whole or not at all");
  if (alias === undefined) return command;
  return command
    .addOption(new Option(`--${alias} <format>`).choices(OUTPUT_FORMATS).hideHelp())
    .hook("preAction", () => {
      const value: unknown = command.getOptionValue(alias);
      if (value !== undefined) command.setOptionValueWithSource("output", value, "cli");
    });
}

/**
 * Adds `--since`, `--until` and `--limit`, as every command has them that takes several runs.
 *
 * @param limit runs at most where nothing is said; absent: all
 */
export function addRangeOptions(command: Command, limit?: number): Command {
  return command
    .option("--since <run>", "no run before this one, or before a date such as 2026-11-22", parseMoment)
    .option("--until <run>", "no run after this one, or after a date", parseMoment)
    .option("--limit <count>", "how many runs at most, the newest", parseCount, limit);
}
