import { systemClock } from "../../clock.ts";
import type { CheckResult } from "../../doctor/check.ts";
import { diagnose } from "../../doctor/diagnosis.ts";
import { openAzureIdentity } from "../../identity/azure-identity.ts";
import { plural } from "../../words/format.ts";
import { displayWidth, fitTo } from "../display-width.ts";
import { environmentOf } from "../environment.ts";
import { reportFreshness } from "../report-freshness.ts";
import type { Terminal } from "../terminal.ts";
import { hang } from "../wrap.ts";

const SYMBOLS = { ok: "✓", warning: "!", failed: "✗", skipped: "·" } as const;

/** Options of `rollcall doctor`. */
export interface DoctorOptions {
  /** How old the latest snapshot may be, in milliseconds; absent: everything is checked. */
  readonly freshness?: number;
  readonly json?: boolean;
}

/** Checks what a run needs. */
export async function doctor(terminal: Terminal, { freshness, json }: DoctorOptions): Promise<void> {
  if (freshness !== undefined) return reportFreshness(terminal, freshness, json ?? false);
  const { signal } = terminal.io;
  const checks = diagnose({
    loadEnvironment: () => environmentOf(terminal),
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
