import type { RollcallError } from "../src/error.ts";
import type { Taken } from "../src/take-snapshot.ts";

/** One line of a log for one run: an allow-list, so that nothing else can ever slip in. */
export type Summary = Readonly<Record<string, unknown>>;

/** The line for a snapshot that was committed. */
export function committedSummary({ manifest, pruned, warnings }: Taken): Summary {
  const { completeness, source, parts, credential } = manifest;
  return {
    event: "rollcall.snapshot",
    outcome: "committed",
    tenantId: manifest.tenantId,
    runId: manifest.runId,
    verdict: completeness.verdict,
    users: completeness.unique,
    counted: completeness.counted,
    duplicates: completeness.duplicates,
    previousUsers: manifest.previous?.users ?? null,
    joined: manifest.changes?.joined ?? null,
    left: manifest.changes?.left ?? null,
    changed: manifest.changes?.changed ?? null,
    changesSkipped: manifest.changesSkipped,
    listing: source.listing.used,
    fellBack: source.listing.fellBack,
    pages: source.pages,
    requests: source.requests,
    retries: source.retries,
    throttled: source.throttled,
    parts: parts.length,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    ms: Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt),
    credential: credential.kind,
    credentialExpiresOn: credential.expiresOn,
    pruned,
    signedBy: manifest.signature?.kid ?? null,
    warnings,
  };
}

/** The line for a run that published nothing. */
export function failedSummary(error: RollcallError, ms: number): Summary {
  return { event: "rollcall.snapshot", outcome: "failed", ...error.toJSON(), ms };
}
