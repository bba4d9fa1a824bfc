import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url));

/** Has each process of Node that this one starts keep what it compiled, and hundreds of them load the same modules. */
export function shareCompileCache(): void {
  process.env.NODE_COMPILE_CACHE ??= FOLDER;
}

/** The variable that does so for a process that is given an environment of its own; none where nothing is kept. */
export function compileCache(): Readonly<Record<string, string>> {
  const folder = process.env.NODE_COMPILE_CACHE;
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
