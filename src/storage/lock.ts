import { answerOf } from "../azure-answer.ts";
import { type Clock, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import type { Container } from "./container.ts";
import { asStorageError, statusOf } from "./storage-error.ts";

/** The shortest lease the service offers: a run that was killed hinders its successor no longer than this. */
const LEASE_SECONDS = 15;
const RENEW_EVERY_MS = 5 * SECOND;
const ASK_EVERY_MS = SECOND;
/** The host of a run that was told to stop allows five seconds, of which taking back the parts has had three. */
const RELEASE_WITHIN_MS = SECOND;
/** A lease that is still held after this long has been renewed: its holder is alive. */
const PATIENCE_MS = (LEASE_SECONDS + 3) * SECOND;

/** The right to be the only run on a tenant, until disposed. */
export interface Lock extends AsyncDisposable {
  /** Aborted with `lock-lost` when somebody else got hold of the lock all the same. */
  readonly signal: AbortSignal;
  /**
   * Makes sure that the lock is still held, right before what only its holder may do.
   *
   * @throws {RollcallError} `lock-lost`, and the storage's errors
   */
  confirm(): Promise<void>;
  /** Writes on the lock which run holds it, for whoever finds it taken. */
  nameHolder(runId: string): Promise<void>;
}

/** Who wants the lock. */
export interface LockOptions {
  /** Path of the lock's blob; an empty blob is made when there is none. */
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Takes the lock: a blob lease, renewed until disposed.
 *
 * A lease that a killed run left behind ends by itself within 15 seconds, so that is waited for; one that lasts longer
 * belongs to a run that lives.
 *
 * A lease that has ended is still ours as long as nobody else took it: the service renews it then. It refuses once
 * somebody has, be it long ago and let go again, and when an operator broke the lease: then the run ends with
 * `lock-lost`, and never takes the lock a second time, because whoever had it may have committed meanwhile.
 *
 * The lock saves work; it is not what keeps snapshots whole. Two runs that both believed to hold it would still write to
 * folders of their own, and the manifest and `latest` have conditions of their own.
 *
 * @throws {RollcallError} `lock-held`, and the storage's errors
 * @see https://learn.microsoft.com/rest/api/storageservices/lease-blob
 */
export async function takeLock(container: Container, { path, clock, signal }: LockOptions): Promise<Lock> {
  const doing = `taking the lock ${path}`;
  const blob = container.blob(path);
  const lease = blob.getBlobLeaseClient();
  const giveUpMs = clock.now() + PATIENCE_MS;

  while (!(await tryAcquire())) {
    if (clock.now() >= giveUpMs) throw await heldError();
    await clock.sleep(ASK_EVERY_MS, signal);
  }

  const lost = new AbortController();
  const renewal = setInterval(() => void renew(), RENEW_EVERY_MS);
  renewal.unref();
  return {
    signal: lost.signal,
    confirm: async () => {
      try {
        await lease.renewLease({ abortSignal: signal });
      } catch (error) {
        signal.throwIfAborted();
        if (isRefused(error)) lose(error);
        lost.signal.throwIfAborted();
        throw asStorageError(error, `renewing the lock ${path}`);
      }
    },
    nameHolder: async (runId) => {
      try {
        const conditions = { leaseId: lease.leaseId };
        await blob.setMetadata({ run: runId }, { abortSignal: signal, conditions });
      } catch (error) {
        signal.throwIfAborted();
        throw asStorageError(error, doing);
      }
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(renewal);
      await release();
    },
  };

  /** A lease that is not given back ends by itself; the run's own outcome must not depend on it. */
  async function release(): Promise<void> {
    await lease.releaseLease({ abortSignal: AbortSignal.timeout(RELEASE_WITHIN_MS) }).catch(() => undefined);
  }

  async function tryAcquire(): Promise<boolean> {
    try {
      await lease.acquireLease(LEASE_SECONDS, { abortSignal: signal });
      return true;
    } catch (error) {
      // The service may have given the lease all the same, which would hold up the next run.
      if (signal.aborted) await release();
      signal.throwIfAborted();
      if (statusOf(error) === 409) return false;
      if (statusOf(error) !== 404) throw asStorageError(error, doing);
      await container.replace({ path, body: Buffer.alloc(0), contentType: "text/plain" }, undefined);
      return tryAcquire();
    }
  }

  /** A renewal that only failed to get through is made up for by the next. */
  async function renew(): Promise<void> {
    try {
      await lease.renewLease({ abortSignal: AbortSignal.timeout(RENEW_EVERY_MS) });
    } catch (error) {
      if (isRefused(error)) lose(error);
    }
  }

  function lose(refusal: unknown): void {
    clearInterval(renewal);
    lost.abort(
      new RollcallError("lock-lost", {
        doing: `renewing the lock ${path}`,
        problem: `the lock is no longer this run's: ${reasonInWords(refusal)}`,
        answer: answerOf(refusal),
        remedy:
          "Nothing was published by this run; see the other run's outcome, or run again if there was none.",
      }),
    );
  }

  async function heldError(): Promise<RollcallError> {
    const holder = await blob.getProperties({ abortSignal: signal }).then(
      ({ metadata: { run } = {} }) => (run ? `run ${run}` : "another run"),
      () => "another run",
    );
    return new RollcallError("lock-held", {
      doing,
      problem: `${holder} is at work on this tenant`,
      remedy: "Wait for it to end. If none is running, the lock frees itself within 15 seconds.",
    });
  }
}

/** Whether the service knows the lease no longer as ours, or not at all. */
function isRefused(error: unknown): boolean {
  return [404, 409, 412].includes(statusOf(error) ?? 0);
}

function reasonInWords(refusal: unknown): string {
  if (statusOf(refusal) === 404) return "its blob was deleted";
  if (answerOf(refusal)?.code === "LeaseIsBrokenAndCannotBeRenewed") return "somebody broke its lease";
  return "another run took it over, which happens when this one could not reach the storage for 15 s";
}
