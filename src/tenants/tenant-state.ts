import {
  isUnreadable,
  type LastFailure,
  type LastRun,
  Snapshots,
  snapshotAgeMs,
} from "../archive/snapshots.ts";
import { asRollcallError, RollcallError } from "../error.ts";
import type { HttpContext } from "../http/http-client.ts";
import type { Completeness } from "../snapshot/completeness.ts";
import type { Container } from "../storage/container.ts";
import { eachOf } from "./each-of.ts";
import { type ResolvedTenant, resolveList } from "./resolve-list.ts";
import type { TenantList } from "./tenant-list.ts";

/** How a tenant stands. */
export type Standing =
  /** Its latest snapshot is young enough. */
  | "fresh"
  | "stale"
  /** It has no snapshot yet. */
  | "missing"
  /** What there is cannot be read or was finished in the future, or its domain cannot be looked up. */
  | "unknown";

/** A tenant and its latest snapshot. */
export interface TenantState {
  /** As listed. */
  readonly tenant: string;
  /** Directory id; `null` for a domain that cannot be looked up. */
  readonly tenantId: string | null;
  /** For people; `null` if the list has none. */
  readonly name: string | null;
  readonly standing: Standing;
  /** Since the latest snapshot was finished, in milliseconds; `null` if there is none that can be read. */
  readonly ageMs: number | null;
  readonly latest: LatestSnapshot | null;
  /** How the last run ended; `null` if nothing is known. */
  readonly lastRun: LastRun | null;
  /** Why the standing is unknown; `null` if it is not. */
  readonly problem: Trouble | null;
}

/** An error, as far as it is told here. */
export type Trouble = LastFailure;

/** A latest snapshot, as its manifest tells of it. */
export interface LatestSnapshot {
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Different users. */
  readonly users: number;
  readonly verdict: Completeness["verdict"];
  /** Since the snapshot before; `null` where that is not known. */
  readonly joined: number | null;
  readonly left: number | null;
  readonly changed: number | null;
}

/** Where tenants are looked at, and when. */
export interface Lookout {
  readonly container: Container;
  /** Where a domain is looked up. */
  readonly authorityHost: string;
  readonly context: HttpContext;
  readonly nowMs: number;
  /** How old a snapshot may be. */
  readonly withinMs: number;
}

/** How all tenants stand. */
export interface TenantStates {
  /** Each tenant once, in the order of the list. */
  readonly states: readonly TenantState[];
  /** What is told of entries of a tenant that another entry has; sentences. */
  readonly repeats: readonly string[];
}

/**
 * Looks at each tenant, in their order: three small blobs each where all is well, sixteen tenants at a time. A tenant that cannot be looked at
 * hides no other.
 *
 * @throws {RollcallError} if the storage does not answer, which is nobody's own fault
 */
export async function tenantStates(
  list: Pick<TenantList, "tenants" | "disabled" | "repeats">,
  lookout: Lookout,
): Promise<TenantStates> {
  const { tenants, repeats } = await resolveList(list, lookout.authorityHost, lookout.context);
  return { states: await eachOf(tenants, (tenant) => stateOf(tenant, lookout)), repeats };
}

async function stateOf(
  { listed: { tenant, name }, tenantId }: ResolvedTenant,
  lookout: Lookout,
): Promise<TenantState> {
  const { container, context, nowMs, withinMs } = lookout;
  const nothing = { tenant, name: name ?? null, ageMs: null, latest: null, lastRun: null, problem: null };
  if (typeof tenantId !== "string") {
    return { ...nothing, tenantId: null, standing: "unknown", problem: asTrouble(tenantId) };
  }
  const snapshots = new Snapshots(container, tenantId, context.signal);
  const [lastRun = null, latest] = await Promise.all([snapshots.lastRun(), latestOf(snapshots, lookout)]);
  const found = { ...nothing, tenantId, lastRun };
  if (latest === undefined) return { ...found, standing: "missing" };
  if ("problem" in latest) return { ...found, standing: "unknown", problem: latest };
  try {
    const ageMs = snapshotAgeMs(latest, nowMs);
    return { ...found, standing: ageMs <= withinMs ? "fresh" : "stale", ageMs, latest };
  } catch (error) {
    return { ...found, standing: "unknown", problem: asTrouble(error), latest };
  }
}

function asTrouble(error: unknown): Trouble {
  return told(asRollcallError(error, "looking at a tenant").toJSON());
}

function told({ code, doing, problem, remedy }: Readonly<Record<string, unknown>>): Trouble {
  return { code: String(code), doing: String(doing), problem: String(problem), remedy: String(remedy) };
}

/**
 * By `latest.json`, whose word readers take; one that cannot be read is a finding. Where it leads to none that is young enough,
 * the newest is looked for: its run may have died before it could move latest.json.
 */
async function latestOf(
  snapshots: Snapshots,
  { nowMs, withinMs, context }: Lookout,
): Promise<LatestSnapshot | Trouble | undefined> {
  try {
    const pointer = await snapshots.pointer();
    const pointed = pointer && (await snapshotOf(snapshots, pointer.runId));
    if (pointed && ("problem" in pointed || nowMs - Date.parse(pointed.finishedAt) <= withinMs))
      return pointed;
    const newest = await newestOf(snapshots, nowMs, context.signal);
    return newest === undefined || newest === pointer?.runId ? pointed : await snapshotOf(snapshots, newest);
  } catch (error) {
    if (isUnreadable(error)) return asTrouble(error);
    throw error;
  }
}

async function snapshotOf(snapshots: Snapshots, id: string): Promise<LatestSnapshot | Trouble | undefined> {
  for await (const run of snapshots.manifests([id])) {
    if ("error" in run) return told(run.error);
    const { runId, manifest } = run;
    const { joined = null, left = null, changed = null } = manifest.changes ?? {};
    const { unique: users, verdict } = manifest.completeness;
    return { runId, finishedAt: manifest.finishedAt, users, verdict, joined, left, changed };
  }
  return undefined;
}

/** Id of the newest whole snapshot; `undefined` if there is none, or it cannot be said. */
async function newestOf(
  snapshots: Snapshots,
  nowMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await snapshots.freshness(nowMs)).newest?.runId;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RollcallError) return undefined;
    throw error;
  }
}
