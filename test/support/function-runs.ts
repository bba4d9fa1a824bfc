import { readFile } from "node:fs/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { loadFunctionApp } from "../../src/sandbox/functions-worker.ts";

/**
 * Loads the built function for a tenant that another process serves.
 *
 * @param environment of a run
 * @returns runs it once; rejects when the run fails
 */
export async function loadFunctionFor(
  environment: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const authority = await readFile(environment.NODE_EXTRA_CA_CERTS ?? "", "utf8");
  setDefaultCACertificates([...getCACertificates("default"), authority]);
  Object.assign(process.env, environment);
  const [timer] = await loadFunctionApp(".");
  return async () => {
    const { error } = (await timer?.invokeTimer({
      IsPastDue: false,
      ScheduleStatus: null,
      Schedule: { AdjustForDST: true },
    })) ?? { error: new Error("the app registers no function") };
    if (error) throw error;
  };
}
