import { shareCompileCache } from "./compile-cache.ts";
import { shareStorage } from "./shared-storage.ts";

// `npm test` has this run once, for all test files.

let storage: AsyncDisposable | undefined;

/** Called before the first test file. */
export async function globalSetup(): Promise<void> {
  shareCompileCache();
  storage = await shareStorage();
}

/** Called after the last one. */
export async function globalTeardown(): Promise<void> {
  await storage?.[Symbol.asyncDispose]();
}
