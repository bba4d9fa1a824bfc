/** A property that can be compared. */
export interface CommonProperty {
  readonly name: string;
  /** Its place in the lines of the snapshot before. */
  readonly before: number;
  /** Its place in the lines of the snapshot after. */
  readonly after: number;
}

/** Which properties of two snapshots can be compared. */
export interface Selection {
  /** Those that both selected, in the order of the snapshot after; without the id, which identifies users. */
  readonly common: readonly CommonProperty[];
  /** Those that only one selected, those of the snapshot after first; never reported as changed. */
  readonly notCompared: readonly string[];
  /** Whether their lines have the same properties in the same order, so that equal lines are equal users. */
  readonly isSame: boolean;
}

/** Compares what two snapshots selected. */
export function compareSelections(before: readonly string[], after: readonly string[]): Selection {
  const common = after.flatMap((name, place) =>
    name !== "id" && before.includes(name) ? [{ name, before: before.indexOf(name), after: place }] : [],
  );
  const notCompared = [
    ...after.filter((name) => !before.includes(name)),
    ...before.filter((name) => !after.includes(name)),
  ];
  return { common, notCompared, isSame: before.join() === after.join() };
}
