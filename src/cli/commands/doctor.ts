import type { Command } from "commander";
import { systemClock } from "../../clock.ts";
import type { CheckResult } from "../../doctor/check.ts";
import { diagnose } from "../../doctor/diagnosis.ts";
import { openAzureIdentity } from "../../identity/azure-identity.ts";
import { plural } from "../../words/format.ts";
import { parseAge } from "../age.ts";
import { displayWidth, fitTo } from "../display-width.ts";
import { reportFreshness } from "../report-freshness.ts";
import type { Terminal } from "../terminal.ts";
import { hang } from "../wrap.ts";

const SYMBOLS = { ok: "✓", warning: "!", failed: "✗", skipped: "·" } as const;

const HELP = `
Example: rollcall doctor

Publishes nothing. Creates the container if it is missing, writes a small blob
there and deletes it. Wrong settings are a failed check.

--freshness 26h checks nothing but the storage, as rollcall fresh --within 26h.

Exit codes: 0 a run has what it needs, perhaps with warnings, or the snapshot is
fresh; 1 it does not, or is not; 2 wrong usage.`;

/** `rollcall doctor`. */
export function addDoctorCommand(program: Command, terminal: Terminal): void {
  program
    .command("doctor")
    .description("check one by one what a run needs")
    .option("--freshness <age>", "only ask whether the latest snapshot is younger, such as 26h", parseAge)
    .option("--json", "print an array of JSON objects")
    .addHelpText("after", HELP)
    .action(async ({ freshness, json }: { readonly freshness?: number; readonly json?: boolean }) => {
      if (freshness !== undefined) return reportFreshness(terminal, freshness, json ?? false);
      const { signal } = terminal.io;
      const checks = diagnose({
        loadEnvironment: () => terminal.environment(),
        openIdentity: openAzureIdentity,
        clock: systemClock,
        signal,
      });
      const results: CheckResult[] = [];
      for await (const result of checks) {
        signal.throwIfAborted();
        results.push(result);
        if (!json) await terminal.print(...describe(result));
      }
      if (results.some(({ status }) => status === "failed")) terminal.exitCode = 1;
      if (json) await terminal.printJson(results);
      else await terminal.print("", verdict(results));
    });
}

function describe({ check, status, detail, remedy }: CheckResult): readonly string[] {
  const lead = `${SYMBOLS[status]} ${fitTo(status, 7)}  ${fitTo(check, 10)}  `;
  return [
    ...hang(lead, detail),
    ...(remedy === undefined ? [] : hang(" ".repeat(displayWidth(lead)), `-> ${remedy}`)),
  ];
}

function verdict(results: readonly CheckResult[]): string {
  const count = (wanted: CheckResult["status"]) => results.filter(({ status }) => status === wanted).length;
  const failed = count("failed");
  const warnings = count("warning");
  if (failed > 0) return `${plural(failed, "check")} failed, ${count("skipped")} skipped.`;
  return warnings > 0 ? `All good, with ${plural(warnings, "warning")}.` : "All good.";
}
