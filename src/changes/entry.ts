import type { PartEntry } from "../snapshot/part.ts";

/** What changed since another snapshot, as the manifest lists it. */
export interface ChangesEntry {
  /** Run id of the former snapshot. */
  readonly against: string;
  /** Users whom only this snapshot has. */
  readonly joined: number;
  /** Users whom only the former one has. */
  readonly left: number;
  /** Users of both with a difference. */
  readonly changed: number;
  /** Properties that only one of them selected; they are never reported as changed. */
  readonly notCompared: readonly string[];
  /** Each line a change, which `users` counts; none where nothing changed. */
  readonly parts: readonly PartEntry[];
}
