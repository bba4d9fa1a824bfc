import type { ChainEnd, ChainVerification } from "../archive/snapshots.ts";
import { RollcallError } from "../error.ts";
import { plural } from "../words/format.ts";
import { findingLines } from "./finding-lines.ts";
import { hang } from "./wrap.ts";

/** Why the chain ends, of the run where it does. */
const END: Readonly<Record<ChainEnd, (oldest: string | null) => string>> = {
  "first-run": (oldest) => `${oldest} is the first run.`,
  deleted: (oldest) => `The chain ends at ${oldest}; older snapshots were deleted, as a retention rule does.`,
  "not-recorded": (oldest) => `Links before ${oldest} are not recorded (Rollcall 1).`,
  since: (oldest) =>
    oldest === null
      ? "The newest run is older than --since, and was not looked at."
      : `Runs before ${oldest} were not looked at (--since).`,
  broken: (oldest) =>
    oldest === null
      ? "Nothing vouches for any run."
      : `${oldest} is the last run up to which the links hold. Nothing vouches for what is older.`,
};

/** What following the chain found, as lines for people. */
export function describeChain(chain: ChainVerification): readonly string[] {
  const { holds, newest, oldest, runs, end, gaps, skipped, pruned, problems } = chain;
  const range = `${plural(runs, "run")}, ${runs > 1 ? `from ${newest} back to ${oldest}` : newest}`;
  const notes = [
    ...gaps.map((runId) => `${runId} builds on none: it says itself that no earlier snapshot was whole.`),
    ...skipped.map((runId) => `${runId} stands beside the chain: a later run says why it skipped it.`),
    ...(pruned.length > 0
      ? [`${plural(pruned.length, "run")} of these were pruned: the manifests are left, the users are not.`]
      : []),
    END[end](oldest),
  ];
  return [
    holds ? `✓ the chain holds: ${range}` : "✗ the chain does not hold",
    ...problems.flatMap(findingLines),
    ...notes.flatMap((note) => hang("    ", note)),
  ];
}

/** The error for a chain that does not hold. */
export function brokenChain({ newest, oldest, problems }: ChainVerification): RollcallError {
  const [first, ...others] = problems;
  const more = others.length > 0 ? `; ${plural(others.length, "more problem")}` : "";
  return new RollcallError("chain-broken", {
    doing: `following the chain of manifests back from ${newest ?? "the newest run"}`,
    problem: `${first?.blob}: ${first?.problem}${more}`,
    remedy:
      (oldest === null ? "" : `Believe no run before ${oldest} until you know who changed what. `) +
      "Restore the blob from a version or backup, and look into the storage account's log for who wrote or deleted it. " +
      "If a run is committing right now, wait for it and try again.",
  });
}
