import { RollcallError } from "../src/error.ts";
import type { Taken } from "../src/take-snapshot.ts";
import type { GivenUp } from "../src/tenants/given-up.ts";
import type { Night } from "../src/tenants/night.ts";
import type { TenantMessage } from "../src/tenants/tenant-message.ts";

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

/** The line for a tenant that had its snapshot of the night already. */
export function presentSummary({ manifest: { tenantId, runId } }: Taken): Summary {
  return { event: "rollcall.snapshot", outcome: "present", tenantId, runId };
}

/** The line for a night whose tenants were put into the queue. */
export function queuedSummary({ tenants, warnings }: Night, disabled: number, slot: Date): Summary {
  const queued = { event: "rollcall.snapshot", outcome: "queued", slot: slot.toISOString() };
  return { ...queued, tenants: tenants.length, disabled, warnings };
}

/** The line for a run of one of several tenants that the host will try again. */
export function retryingSummary(tenant: string, error: RollcallError, ms: number): Summary {
  return { ...failedSummary(error, ms), outcome: "retrying", tenant };
}

/** The line for a tenant that the host has given up on, unless there is a snapshot all the same. */
export function givenUpSummary({ tenant, slot }: TenantMessage, outcome: GivenUp): Summary {
  const night = { tenant, slot: slot.toISOString() };
  if ("runId" in outcome) {
    return { event: "rollcall.snapshot", outcome: "present", ...night, runId: outcome.runId };
  }
  const { failure } = outcome;
  const error = new RollcallError("tenant-given-up", {
    doing: `taking the snapshot of tenant ${tenant}`,
    problem: failure
      ? `no attempt went well, and the last one that left word failed with ${failure.code}: ${failure.doing}: ${failure.problem}`
      : "no attempt went well, and none left word why, as when a worker is killed",
    remedy: failure?.remedy ?? "Look for its lines with outcome retrying, and for instances that ended.",
  });
  return { ...failedSummary(error, 0), cause: failure?.code ?? null, ...night };
}

/** The line for a run that published nothing. */
export function failedSummary(error: RollcallError, ms: number): Summary {
  return { event: "rollcall.snapshot", outcome: "failed", ...error.toJSON(), ms };
}
