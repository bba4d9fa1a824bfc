import type { Command } from "commander";
import type { Condition } from "../condition.ts";
import type { OutputFormat } from "../output-format.ts";
import { openReadingPlace } from "../reading.ts";
import { RowFilter } from "../row-filter.ts";
import type { Terminal } from "../terminal.ts";
import { unknownProperty } from "../unknown-property.ts";
import { openOutput } from "../user-output.ts";
import { LINE_WIDTH } from "../wrap.ts";

/** Options of `rollcall users`. */
export interface UsersOptions {
  readonly format: OutputFormat;
  readonly select?: readonly string[];
  readonly where?: readonly Condition[];
}

/** Writes the users of a snapshot. */
export async function users(
  terminal: Terminal,
  run: string | undefined,
  options: UsersOptions,
  command: Command,
): Promise<void> {
  const { select, where = [] } = options;
  const { snapshots } = await openReadingPlace(terminal);
  const snapshot = await snapshots.open(run);
  const { properties } = snapshot.manifest.source;
  const asked = [...(select ?? []), ...where.map(({ property }) => property)];
  const unknown = asked.find((name) => !properties.includes(name));
  if (unknown !== undefined) command.error(unknownProperty(snapshot.folder.runId, unknown, properties));
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
}
