import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SandboxTls, sandboxTls } from "../../src/sandbox/service/tls.ts";
import { type Storage, startStorage } from "../../src/sandbox/storage.ts";

/** Names the storage that all test files share, in JSON. Absent where a file is run alone. */
const VARIABLE = "SHARED_TEST_STORAGE";

interface Shared {
  readonly url: string;
  readonly connectionString: string;
  /** Folder of its TLS, see `sandboxTls`. */
  readonly tlsFolder: string;
}

/** Starts a storage for all test files that this process starts from now on. */
export async function shareStorage(): Promise<AsyncDisposable> {
  const tlsFolder = await mkdtemp(join(tmpdir(), "rollcall-tests-"));
  const storage = await startStorage({ tls: await sandboxTls(tlsFolder) });
  const { url, connectionString } = storage;
  process.env[VARIABLE] = JSON.stringify({ url, connectionString, tlsFolder } satisfies Shared);
  return {
    [Symbol.asyncDispose]: async () => {
      await storage[Symbol.asyncDispose]();
      await rm(tlsFolder, { recursive: true });
    },
  };
}

/** TLS that goes with the shared storage; this process's own where there is none. */
export async function sharedTls(): Promise<SandboxTls> {
  return await sandboxTls(shared()?.tlsFolder);
}

/** The storage that all test files share; one of its own for a file that is run alone. Take a container of your own in it. */
export async function startSharedStorage(): Promise<Storage> {
  const found = shared();
  if (!found) return await startStorage({ tls: await sharedTls() });
  const { url, connectionString } = found;
  return { url, connectionString, [Symbol.asyncDispose]: async () => undefined };
}

function shared(): Shared | undefined {
  const text = process.env[VARIABLE];
  return text === undefined ? undefined : (JSON.parse(text) as Shared);
}
