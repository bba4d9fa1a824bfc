import type { Command } from "commander";
import type { VerifyCommandOptions } from "../actions/verify.ts";
import { parseKeep } from "../keep-option.ts";
import { parseMoment } from "../run-range.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall verify --all

RUN is latest, a run id, or the beginning of one that no other run shares. Each
part is read again and checked: hash, bytes, lines, keys and ids, then totals.

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
    .option("--since <run>", "with --chain: end at a run, or a date such as 2026-11-22", parseMoment)
    .option("--keep <rules>", "with --chain: no run was pruned that daily=30,monthly=12 keeps", parseKeep)
    .option("--json", "print the findings as JSON; with --all an array, with --chain an object")
    .addHelpText("after", HELP)
    .action(async (run: string | undefined, options: VerifyCommandOptions, command: Command) => {
      const { verify } = await import("../actions/verify.ts");
      await verify(terminal, run, options, command);
    });
}
