import type { Finding } from "../snapshot/contradictions.ts";
import { manifestPath, type RunFolder } from "../snapshot/layout.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import type { UserTally } from "../snapshot/tallies.ts";

/**
 * Holds a snapshot's tallies to its users, who were counted again. None for a manifest without tallies.
 *
 * @param counted all users of the snapshot
 */
export function tallyFindings(
  counted: UserTally,
  folder: RunFolder,
  { tallies, source }: Manifest,
): readonly Finding[] {
  if (!tallies) return [];
  const said = new Map<string, number | null>(Object.entries(tallies));
  return Object.entries(counted.tallies(source.properties)).flatMap(([name, count]) => {
    const tally = said.get(name);
    if (tally === count) return [];
    const problem = `its tallies say ${tally ?? "nothing"} of ${name}; its parts give ${count ?? "nothing"}`;
    return [{ blob: manifestPath(folder), problem }];
  });
}
