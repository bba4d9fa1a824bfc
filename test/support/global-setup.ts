import { fileURLToPath } from "node:url";
import { shareStorage } from "./shared-storage.ts";

// `npm test` runs this once, for all test files.

let storage: AsyncDisposable | undefined;

/** Called before the first test file. */
export async function globalSetup(): Promise<void> {
  // Hundreds of processes load the same modules.
  process.env.NODE_COMPILE_CACHE = fileURLToPath(
    new URL("../../node_modules/.cache/compiled", import.meta.url),
  );
  storage = await shareStorage();
}

/** Called after the last one. */
export async function globalTeardown(): Promise<void> {
  await storage?.[Symbol.asyncDispose]();
}
