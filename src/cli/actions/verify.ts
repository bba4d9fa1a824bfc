import type { Command } from "commander";
import type { Snapshots, Verification, VerifyOptions } from "../../archive/snapshots.ts";
import { RollcallError } from "../../error.ts";
import type { KeepRules } from "../../settings/keep-rules.ts";
import type { SignatureFinding } from "../../signature/verify-signature.ts";
import { formatBytes, plural } from "../../words/format.ts";
import { brokenChain, describeChain } from "../chain-words.ts";
import { findingLines } from "../finding-lines.ts";
import { openPublicKeys } from "../public-keys.ts";
import { openReadingPlace } from "../reading.ts";
import type { Terminal } from "../terminal.ts";
import { hang } from "../wrap.ts";

const NO_KEY =
  "--require-signature needs --key FILE, or ROLLCALL_SIGNING_KEY_NAME and ROLLCALL_KEY_VAULT_URL";

/** Options of `rollcall verify`. */
export interface VerifyCommandOptions {
  readonly all?: boolean;
  readonly chain?: boolean;
  readonly since?: string;
  readonly keep?: KeepRules;
  readonly json?: boolean;
  readonly key?: string;
  readonly requireSignature?: boolean;
}

/** Verifies snapshots. */
export async function verify(
  terminal: Terminal,
  run: string | undefined,
  options: VerifyCommandOptions,
  command: Command,
): Promise<void> {
  const { all, chain: wantsChain, since, keep, json, key, requireSignature } = options;
  if (all && run !== undefined) command.error("either a run or --all");
  if (since !== undefined && !wantsChain) command.error("--since goes with --chain");
  if (keep !== undefined && !wantsChain) command.error("--keep goes with --chain");
  const keys = await openPublicKeys(key, terminal);
  if (requireSignature && !keys) command.error(NO_KEY);
  const how = { keys, requireSignature };
  const { snapshots } = await openReadingPlace(terminal);
  const chain = wantsChain ? await snapshots.verifyChain(since, keep) : undefined;
  if (chain && !json) await terminal.print(...describeChain(chain));
  const results: Verification[] = [];
  try {
    for await (const result of verifications(snapshots, run, options, how)) {
      results.push(result);
      if (!json) await terminal.print(...describe(result));
    }
  } finally {
    if (json && chain) await terminal.printJson({ chain, runs: results });
    else if (json && (all || results.length > 0)) await terminal.printJson(all ? results : results[0]);
  }
  if (!json && !chain && results.length === 0) await terminal.print("There is no snapshot yet.");
  if (chain && !chain.holds) throw brokenChain(chain);
  const damagedRuns = results.filter(({ whole }) => !whole);
  if (damagedRuns.length > 0) throw damage(damagedRuns);
}

/** The snapshots whose parts are to be read. */
async function* verifications(
  snapshots: Snapshots,
  run: string | undefined,
  { all, chain }: VerifyCommandOptions,
  how: VerifyOptions,
): AsyncGenerator<Verification, void, undefined> {
  if (all) yield* snapshots.verifyAll(how);
  else if (run !== undefined || !chain || how.keys) yield await snapshots.verify(run, how);
}

function describe({
  runId,
  whole,
  users,
  parts,
  bytes,
  signature,
  problems,
}: Verification): readonly string[] {
  const size = `${plural(users, "user")}, ${plural(parts, "part")}, ${formatBytes(bytes)}`;
  return [
    whole ? `✓ ${runId} is whole: ${size}` : `✗ ${runId} is damaged`,
    ...(signature ? hang("    ", findingInWords(signature)) : []),
    ...problems.flatMap(findingLines),
  ];
}

function findingInWords(found: SignatureFinding): string {
  switch (found.state) {
    case "valid":
      return `signed with ${found.alg} by ${found.kid}`;
    case "unchecked":
      return "signature not checked, for want of a key";
    case "absent":
      return "not signed";
    case "invalid":
      return "wrongly signed";
  }
}

function damage(runs: readonly Verification[]): RollcallError {
  const problems = runs.reduce((sum, run) => sum + run.problems.length, 0);
  const blobs = [...new Set(runs.flatMap((run) => run.problems.map(({ blob }) => blob)))];
  const more = blobs.length > 3 ? ` and ${blobs.length - 3} more` : "";
  return new RollcallError("snapshot-damaged", {
    doing: `verifying ${runs.map(({ runId }) => runId).join(", ")}`,
    problem: `${plural(problems, "problem")} found, in ${blobs.slice(0, 3).join(", ")}${more}`,
    remedy:
      "Do not use a damaged snapshot. Restore the blobs from a version or backup, or use another run: `rollcall list`.",
  });
}
