import { SECOND } from "../clock.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import type { Cuts } from "./slice.ts";

/**
 * Where the last snapshot says that the directory can be cut, and how many users each slice held then.
 *
 * @returns `undefined` if there is no last snapshot or it does not say, which costs some counting: snapshots of Rollcall
 *   1.0 have no numbers of users that slices could be checked against
 */
export function knownCuts(previous: Manifest | undefined): Cuts | undefined {
  const { starts, users } = previous?.source.slices ?? {};
  if (!starts || users?.length !== starts.length + 1) return undefined;
  return { starts: starts.map((start) => Date.parse(start) / SECOND), users };
}
