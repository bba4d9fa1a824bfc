import { RollcallError } from "../error.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";

/** Whether an error says that one manifest, or `latest.json`, cannot be used: it hides no other run. */
export function isUnreadable(error: unknown): error is RollcallError {
  return (
    error instanceof SnapshotDamaged ||
    (error instanceof RollcallError && error.code === "manifest-unsupported")
  );
}
