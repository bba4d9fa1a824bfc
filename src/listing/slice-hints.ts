import { SECOND } from "../clock.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import type { Cuts } from "./slice.ts";

/**
 * Where the last snapshot says that the directory can be cut, and what each slice held then.
 *
 * @returns `undefined` where there is no last snapshot, or it does not say: Rollcall 1.0 kept no numbers of users, to
 *   which slices could be held. That costs some counting
 */
export function knownCuts(previous: Manifest | undefined): Cuts | undefined {
  const { starts, users } = previous?.source.slices ?? {};
  if (!starts || users?.length !== starts.length + 1) return undefined;
  return { starts: starts.map((start) => Date.parse(start) / SECOND), users };
}
