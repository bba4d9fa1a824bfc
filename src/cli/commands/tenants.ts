import { type Command, Option } from "commander";
import type { TenantsOptions } from "../actions/tenants.ts";
import { parseAge } from "../age.ts";
import type { Terminal } from "../terminal.ts";
import { addOutputOptions } from "./listing-options.ts";

const HELP = `
Example: rollcall tenants --within 26h

The tenants are those of ROLLCALL_TENANTS. Changes are +joined -left ~changed
since the snapshot before. Reads the storage only: latest.json, its manifest and
last-run.json of each. What the last run says is a help, and no proof.

Exit codes: 0 each has a snapshot that is young enough; 1 one has not, or an
entry of the list is wrong, or failed; 2 wrong usage or settings.`;

/** `rollcall tenants`. */
export function addTenantsCommand(program: Command, terminal: Terminal): void {
  const tenants = program
    .command("tenants")
    .description("show how each of several tenants stands")
    .addOption(
      new Option("--within <age>", "how old a snapshot may be: 90m, 26h, 2d")
        .argParser(parseAge)
        .default(parseAge("26h"), "26h"),
    );
  addOutputOptions(tenants, "table")
    .addHelpText("after", HELP)
    .action(async (options: TenantsOptions) => {
      const { tenants } = await import("../actions/tenants.ts");
      await tenants(terminal, options);
    });
}
