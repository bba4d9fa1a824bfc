import { RollcallError } from "../error.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";

/** Whether an error means that one manifest, or `latest.json`, cannot be used. Such an error must not hide other runs. */
export function isUnreadable(error: unknown): error is RollcallError {
  return (
    error instanceof SnapshotDamaged ||
    (error instanceof RollcallError && error.code === "manifest-unsupported")
  );
}
