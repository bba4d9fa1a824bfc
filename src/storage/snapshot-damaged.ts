import { RollcallError } from "../error.ts";

/** A blob that is not what its manifest, or `latest.json`, says it is. */
export class SnapshotDamaged extends RollcallError {
  /** Path of the blob from the container. */
  readonly blob: string;

  /** @param problem a clause without a full stop */
  constructor(blob: string, problem: string) {
    super("snapshot-damaged", {
      doing: `reading ${blob}`,
      problem,
      remedy:
        "Do not use this snapshot. Restore the blob from a version or backup, or use another run: `rollcall list`.",
    });
    this.blob = blob;
  }
}
