import { TRAIT } from "../rows/user-traits.ts";
import type { Finding } from "../snapshot/contradictions.ts";
import { manifestPath, type RunFolder } from "../snapshot/layout.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import { UserTally } from "../snapshot/tallies.ts";

/** Counts a snapshot's users again, from their parsed lines, and holds its tallies to that. */
export class TallyCheck {
  readonly #tally = new UserTally();

  /** @param user its line, parsed */
  add(user: Readonly<Record<string, unknown>>): void {
    const { accountEnabled, userType, onPremisesSyncEnabled, assignedLicenses } = user;
    const isLicensed = Array.isArray(assignedLicenses) && assignedLicenses.length > 0;
    this.#tally.add(
      (accountEnabled === true ? TRAIT.enabled : 0) |
        (accountEnabled === false ? TRAIT.disabled : 0) |
        (userType === "Member" ? TRAIT.member : 0) |
        (userType === "Guest" ? TRAIT.guest : 0) |
        (onPremisesSyncEnabled === true ? TRAIT.synchronised : 0) |
        (isLicensed ? TRAIT.licensed : 0),
    );
  }

  /** To be asked when all users have come. None for a manifest without tallies. */
  findings(folder: RunFolder, { tallies, source }: Manifest): readonly Finding[] {
    if (!tallies) return [];
    const counted = Object.entries(this.#tally.tallies(source.properties));
    const said = new Map<string, number | null>(Object.entries(tallies));
    return counted.flatMap(([name, count]) => {
      const tally = said.get(name);
      if (tally === count) return [];
      const problem = `its tallies say ${tally ?? "nothing"} of ${name}; its parts give ${count ?? "nothing"}`;
      return [{ blob: manifestPath(folder), problem }];
    });
  }
}
