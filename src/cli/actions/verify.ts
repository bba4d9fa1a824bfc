import type { Command } from "commander";
import type { ChainVerification, Snapshots, Verification, VerifyOptions } from "../../archive/snapshots.ts";
import { RollcallError } from "../../error.ts";
import type { KeepRules } from "../../settings/keep-rules.ts";
import type { SignatureFinding } from "../../signature/verify-signature.ts";
import { formatBytes, plural } from "../../words/format.ts";
import { brokenChain, describeChain } from "../chain-words.ts";
import { findingLines } from "../finding-lines.ts";
import { openPublicKeys } from "../public-keys.ts";
import { openReadingPlace } from "../reading.ts";
import { ReadingProgress } from "../reading-progress.ts";
import { type RunRange, runsIn } from "../run-range.ts";
import type { Terminal } from "../terminal.ts";
import { hang } from "../wrap.ts";

const NO_KEY =
  "--require-signature needs --key FILE, or ROLLCALL_SIGNING_KEY_NAME and ROLLCALL_KEY_VAULT_URL";

/** Options of `rollcall verify`. */
export interface VerifyCommandOptions extends RunRange {
  readonly all?: boolean;
  readonly chain?: boolean;
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
  const { all, chain: wantsChain, keep, json, key, requireSignature } = options;
  if (all && run !== undefined) command.error("either a run or --all");
  if (isNarrowed(options) && !wantsChain && !all)
    command.error("--since, --until and --limit go with --chain or --all");
  if (keep !== undefined && (!wantsChain || options.until !== undefined))
    command.error("--keep goes with --chain, and not with --until");
  const keys = await openPublicKeys(key, terminal);
  if (requireSignature && !keys) command.error(NO_KEY);
  using progress = new ReadingProgress(terminal, json);
  const onStart = (runId: string, totalBytes: number) => progress.expect(runId, totalBytes);
  const how = { keys, requireSignature, onStart };
  const { snapshots } = await openReadingPlace(terminal, progress.count);
  const chain = wantsChain ? await verifyChain(snapshots, options) : undefined;
  const tell = (isGood: boolean, lines: readonly string[]) => {
    progress.clear();
    return isGood ? terminal.confirm(...lines) : terminal.print(...lines);
  };
  if (chain && !json) await tell(chain.holds, describeChain(chain));
  const results: Verification[] = [];
  try {
    for await (const result of verifications(snapshots, run, options, how)) {
      results.push(result);
      if (!json) await tell(result.whole, describe(result));
    }
  } finally {
    if (json && chain) await terminal.printJson({ chain, runs: results });
    else if (json && (all || results.length > 0)) await terminal.printJson(all ? results : results[0]);
  }
  if (!json && !chain && results.length === 0)
    await terminal.print(
      isNarrowed(options) ? "There is no snapshot in this range." : "There is no snapshot yet.",
    );
  if (chain && !chain.holds) throw brokenChain(chain);
  const damagedRuns = results.filter(({ whole }) => !whole);
  if (damagedRuns.length > 0) throw damage(damagedRuns);
}

function isNarrowed({ since, until, limit }: RunRange): boolean {
  return since !== undefined || until !== undefined || limit !== undefined;
}

async function verifyChain(
  snapshots: Snapshots,
  { since, until, limit, keep }: VerifyCommandOptions,
): Promise<ChainVerification> {
  if (limit === undefined) return snapshots.verifyChain(since, keep, until);
  const runs = runsIn(await snapshots.runs(), { since, until, limit });
  return snapshots.verifyChain(runs.at(-1) ?? since, keep, until);
}

/** The snapshots whose parts are to be read. */
async function* verifications(
  snapshots: Snapshots,
  run: string | undefined,
  options: VerifyCommandOptions,
  how: VerifyOptions,
): AsyncGenerator<Verification, void, undefined> {
  const { all, chain } = options;
  const some = isNarrowed(options) ? runsIn(await snapshots.runs(), options) : undefined;
  if (all) yield* snapshots.verifyAll(how, some);
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
