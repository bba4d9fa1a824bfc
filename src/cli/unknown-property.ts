import { jaroWinkler } from "@skyra/jaro-winkler";

/** From 0, nothing alike, to 1, the same; what is less alike is no help. */
const MIN_LIKENESS = 0.7;
/** How much less alike than the nearest a name may be to be shown beside it. */
const TIE = 0.1;
const MAX_NAMES = 3;

/**
 * Says that a run has no such property, and which one may have been meant or where they are named. A clause, or a question.
 *
 * @param properties of the run
 */
export function unknownProperty(runId: string, wanted: string, properties: readonly string[]): string {
  const names = nearestNames(wanted, properties);
  const help =
    names.length > 0
      ? `did you mean ${names.join(" or ")}?`
      : `\`rollcall show ${runId}\` names those that it has`;
  return `run ${runId} has no property ${wanted}; ${help}`;
}

/** Names that hold the wanted one, as `department` does `part`, or are spelled much like it; the nearest first. */
export function nearestNames(wanted: string, names: readonly string[]): readonly string[] {
  const word = wanted.toLowerCase();
  const likenesses = names
    .map((name) => ({ name, likeness: likenessOf(word, name.toLowerCase()) }))
    .filter(({ likeness }) => likeness >= MIN_LIKENESS)
    .sort((one, other) => other.likeness - one.likeness);
  const least = (likenesses[0]?.likeness ?? 1) - TIE;
  return likenesses
    .filter(({ likeness }) => likeness >= least)
    .slice(0, MAX_NAMES)
    .map(({ name }) => name);
}

function likenessOf(word: string, name: string): number {
  return word.length > 2 && name.includes(word) ? 1 : jaroWinkler(word, name);
}
