import type { PartEntry } from "../snapshot/part.ts";

/** What changed since another snapshot, as the manifest lists it. */
export interface ChangesEntry {
  /** Run id of the snapshot it was compared with. */
  readonly against: string;
  /** Users who are only in this snapshot. */
  readonly joined: number;
  /** Users who are only in the other one. */
  readonly left: number;
  /** Users who are in both, with a difference. */
  readonly changed: number;
  /** Properties that only one of the two selected; never reported as changed. */
  readonly notCompared: readonly string[];
  /** Each line is a change; `users` counts them. No parts when nothing changed. */
  readonly parts: readonly PartEntry[];
}
