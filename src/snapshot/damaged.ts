import { RollcallError } from "../error.ts";

/** The error for a blob that is not what the manifest, or `latest.json`, says it is. */
export function damaged(path: string, problem: string): RollcallError {
  return new RollcallError("snapshot-damaged", {
    doing: `reading ${path}`,
    problem,
    remedy:
      "Do not use this snapshot. Restore the blob from a version or backup, or use another run: `rollcall list`.",
  });
}
