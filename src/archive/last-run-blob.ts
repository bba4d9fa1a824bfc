import * as z from "zod";
import { type Clock, SECOND } from "../clock.ts";
import { asRollcallError, RollcallError } from "../error.ts";
import { parseJson } from "../http/json.ts";
import { lastRunPath } from "../snapshot/layout.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import type { Container } from "../storage/container.ts";
import type { LastRun } from "./last-run.ts";

const SCHEMA = "rollcall.last-run/1";
const MAX_BYTES = 64 * 2 ** 10;
const WRITE_WITHIN_MS = 10 * SECOND;
/** The same when the run was told to stop: the Functions host allows five seconds, and parts and lock take four. */
const LEAVE_WITHIN_MS = SECOND;

const text = z.string().max(10_000);

const LastRunDocument = z.object({
  schema: z.literal(SCHEMA),
  tenantId: z.string(),
  outcome: z.enum(["committed", "failed"]),
  runId: z
    .string()
    .regex(/^\d{8}T\d{6}Z$/)
    .nullable(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  failure: z
    .object({
      code: z.string().regex(/^[a-z]+(-[a-z]+){0,7}$/),
      doing: text,
      problem: text,
      remedy: text,
    })
    .nullable(),
});

/** Whose outcome is left behind. */
export interface OutcomeOf {
  readonly tenantId: string;
  readonly clock: Clock;
  /** Aborted when the run is told to stop. */
  readonly signal: AbortSignal;
}

/** What a run tells of itself while it is under way. */
export interface Attempt {
  /** Set as soon as the run has one. */
  runId: string | null;
}

/**
 * Does a run's work and leaves its outcome, good or bad, in `last-run.json`. Only for the holder of the lock: a run that
 * has lost it leaves nothing. A failure to write is no failure of the run.
 *
 * @param work gives the manifest that it committed, or one that was there already, which leaves nothing
 */
export async function leavingOutcome<T extends { readonly manifest: Manifest; readonly isNew: boolean }>(
  container: Container,
  of: OutcomeOf,
  work: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const attempt: Attempt = { runId: null };
  const startedAt = new Date(of.clock.now()).toISOString();
  try {
    const done = await work(attempt);
    const { runId, finishedAt } = done.manifest;
    if (done.isNew) {
      await leave(container, of, { outcome: "committed", runId, startedAt, finishedAt, failure: null });
    }
    return done;
  } catch (error) {
    const failure = asRollcallError(error);
    if (failure.code !== "lock-lost") {
      await leaveFailure(container, of, { ...attempt, startedAt }, failure);
    }
    throw error;
  }
}

/** Leaves word of a run that the lock kept out although no run holds it, so that nobody's outcome is hidden by that. */
export async function leaveKeptOut(container: Container, of: OutcomeOf, error: RollcallError): Promise<void> {
  const startedAt = new Date(of.clock.now()).toISOString();
  await leaveFailure(container, of, { runId: null, startedAt }, error);
}

async function leaveFailure(
  container: Container,
  of: OutcomeOf,
  run: Pick<LastRun, "runId" | "startedAt">,
  { code, doing, problem, remedy }: RollcallError,
): Promise<void> {
  const finishedAt = new Date(of.clock.now()).toISOString();
  const failure = { code, doing, problem, remedy };
  await leave(container, of, { outcome: "failed", ...run, finishedAt, failure });
}

/**
 * How the last run on a tenant ended.
 *
 * @returns `undefined` if nothing is known, also if the blob cannot be read: whoever asks has better sources for the rest
 * @throws the signal's reason when the container's signal is aborted
 */
export async function readLastRun(container: Container, tenantId: string): Promise<LastRun | undefined> {
  try {
    const blob = await container.fetch(lastRunPath(tenantId), MAX_BYTES);
    const document = blob?.body && LastRunDocument.safeParse(parseJson(blob.body)).data;
    // A copy from elsewhere would tell of somebody else.
    if (document?.tenantId !== tenantId) return undefined;
    const { schema: _, tenantId: __, ...lastRun } = document;
    return lastRun;
  } catch (error) {
    container.signal.throwIfAborted();
    if (!(error instanceof RollcallError)) throw error;
    return undefined;
  }
}

async function leave(container: Container, { tenantId, signal }: OutcomeOf, outcome: LastRun): Promise<void> {
  const document = { schema: SCHEMA, tenantId, ...outcome };
  const body = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  const within = AbortSignal.timeout(signal.aborted ? LEAVE_WITHIN_MS : WRITE_WITHIN_MS);
  const upload = { path: lastRunPath(tenantId), body, contentType: "application/json" };
  await container
    .withSignal(within)
    .overwrite(upload)
    .catch(() => undefined);
}
