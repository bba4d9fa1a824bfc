import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as z from "zod";
import { SECOND } from "../clock.ts";
import { parseJson } from "../http/json.ts";

/** az is a Python program that takes seconds to start. */
const PATIENCE_MS = 10 * SECOND;

/** What az calls the clouds (`az cloud list`), by the names of `ROLLCALL_CLOUD`. */
const CLOUD_NAMES: Readonly<Record<string, string>> = {
  AzureCloud: "global",
  AzureUSGovernment: "usgov",
  AzureChinaCloud: "china",
};

const Account = z.object({ tenantId: z.string(), environmentName: z.string() });

/** Where somebody is signed in. */
export interface AzAccount {
  readonly tenantId: string;
  /** As in `ROLLCALL_CLOUD`; absent for a cloud that it does not know. */
  readonly cloud: string | undefined;
}

/** What `az account show` knows; `undefined` where there is no az, or nobody is signed in. */
export async function azAccount(
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<AzAccount | undefined> {
  // On Windows az is a batch file, which only a shell can start; nothing of anybody's is in the line.
  const shell = process.platform === "win32";
  const options = { env: environment, timeout: PATIENCE_MS, signal, shell };
  try {
    const { stdout } = await promisify(execFile)("az", ["account", "show", "--output", "json"], options);
    const { data } = Account.safeParse(parseJson(Buffer.from(stdout)));
    return data && { tenantId: data.tenantId, cloud: CLOUD_NAMES[data.environmentName] };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
