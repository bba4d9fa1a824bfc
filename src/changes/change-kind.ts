/** What happened to a user between two snapshots. */
export type ChangeKind = "joined" | "left" | "changed";

/** All of {@link ChangeKind}, in the order in which they are shown. */
export const CHANGE_KINDS: readonly ChangeKind[] = ["joined", "left", "changed"];
