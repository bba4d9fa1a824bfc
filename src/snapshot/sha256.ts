import { createHash } from "node:crypto";

/** Lower-case hex SHA-256, as manifests and `latest.json` have it. */
export function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
