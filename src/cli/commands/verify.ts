import { type Command, InvalidArgumentError } from "commander";
import type { Snapshots, Verification, VerifyOptions } from "../../archive/snapshots.ts";
import { RollcallError } from "../../error.ts";
import type { KeepRules } from "../../settings/keep-setting.ts";
import type { SignatureFinding } from "../../signature/verify-signature.ts";
import { formatBytes, plural } from "../../words/format.ts";
import { brokenChain, describeChain } from "../chain-words.ts";
import { findingLines } from "../finding-lines.ts";
import { parseKeep } from "../keep-option.ts";
import { openPublicKeys } from "../public-keys.ts";
import { openReadingPlace } from "../reading.ts";
import type { Terminal } from "../terminal.ts";
import { hang } from "../wrap.ts";

const HELP = `
Example: rollcall verify --all

RUN is a run id, or the beginning of one that no other run shares. Each part is
read again and checked: hash, bytes, lines, keys and ids, then the totals.

--chain follows the SHA-256 that each manifest has of the one before, from the
newest run back, and names the first link that does not hold: a manifest that
was rewritten, a run that was removed or put in between. It reads manifests
only, so a year of runs takes about a second; parts are read as well if RUN,
--all or a key is given. Only a signature finds a newest run that was rewritten
with latest.json. --keep daily=30,monthly=12 also names each run that was pruned
although these rules keep it.

The signature is checked with the public key in --key FILE (PEM, JWK or JWK
set). Without, the public key is read from the vault, if both
ROLLCALL_SIGNING_KEY_NAME and ROLLCALL_KEY_VAULT_URL are set. Without these, the
signature is not checked.

Exit codes: 0 whole, and the chain holds; 1 damaged, broken or no such run;
2 wrong usage or settings.`;

const NO_KEY =
  "error: --require-signature needs --key FILE, or ROLLCALL_SIGNING_KEY_NAME and ROLLCALL_KEY_VAULT_URL";

interface VerifyCommandOptions {
  readonly all?: boolean;
  readonly chain?: boolean;
  readonly since?: string;
  readonly keep?: KeepRules;
  readonly json?: boolean;
  readonly key?: string;
  readonly requireSignature?: boolean;
}

/** `rollcall verify`. */
export function addVerifyCommand(program: Command, terminal: Terminal): void {
  program
    .command("verify")
    .description("read a snapshot again and check it against its manifest")
    .argument("[run]", "which run (default: the latest)")
    .option("--all", "verify every committed snapshot")
    .option("--key <file>", "check the signature with this public key")
    .option("--require-signature", "count a snapshot that is not signed as damaged")
    .option("--chain", "check that no manifest was rewritten and no run removed or inserted")
    .option("--since <run>", "with --chain: end at a run, or a date such as 2026-11-22", parseSince)
    .option("--keep <rules>", "with --chain: no run was pruned that daily=30,monthly=12 keeps", parseKeep)
    .option("--json", "print the findings as JSON; with --all an array, with --chain an object")
    .addHelpText("after", HELP)
    .action(async (run: string | undefined, options: VerifyCommandOptions, command: Command) => {
      const { all, chain: wantsChain, since, keep, json, key, requireSignature } = options;
      if (all && run !== undefined) command.error("error: either a run or --all");
      if (since !== undefined && !wantsChain) command.error("error: --since goes with --chain");
      if (keep !== undefined && !wantsChain) command.error("error: --keep goes with --chain");
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
    });
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

/** A date, a run id or its beginning. */
function parseSince(text: string): string {
  if (!/^(\d{4}-\d{2}-\d{2}|\d{4,8}|\d{8}T\d{0,6}|\d{8}T\d{6}Z)$/.test(text))
    throw new InvalidArgumentError("It must be a run id or its beginning, or a date such as 2026-11-22.");
  return text;
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
