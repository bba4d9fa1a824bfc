import { type Clock, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import type { Container } from "./container.ts";
import { asStorageError, statusOf } from "./storage-error.ts";

/** The shortest lease the service offers: a run that was killed hinders its successor no longer than this. */
const LEASE_SECONDS = 15;
const RENEW_EVERY_MS = 5 * SECOND;
const ASK_EVERY_MS = SECOND;
/** A lease that is still held after this long has been renewed: its holder is alive. */
const PATIENCE_MS = (LEASE_SECONDS + 3) * SECOND;

/** The right to be the only run on a tenant, until disposed. */
export interface Lock extends AsyncDisposable {
  /** Aborted with `lock-lost` when somebody else got hold of the lock all the same. */
  readonly signal: AbortSignal;
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
      // A lease that is not given back ends by itself; the run's own outcome must not depend on it.
      await lease.releaseLease().catch(() => undefined);
    },
  };

  async function tryAcquire(): Promise<boolean> {
    try {
      await lease.acquireLease(LEASE_SECONDS, { abortSignal: signal });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (statusOf(error) === 409) return false;
      if (statusOf(error) !== 404) throw asStorageError(error, doing);
      await container.replace({ path, body: Buffer.alloc(0), contentType: "text/plain" }, undefined);
      return tryAcquire();
    }
  }

  /** A renewal that only failed to get through is made up for by the next; one that is refused means another holder. */
  async function renew(): Promise<void> {
    try {
      await lease.renewLease({ abortSignal: AbortSignal.timeout(RENEW_EVERY_MS) });
    } catch (error) {
      const status = statusOf(error);
      if (status !== 409 && status !== 412) return;
      clearInterval(renewal);
      lost.abort(
        new RollcallError("lock-lost", {
          doing: `renewing the lock ${path}`,
          problem:
            "another run took it over, which happens when this one could not reach the storage for 15 s",
          remedy: "Nothing was published by this run; see the other run's outcome.",
        }),
      );
    }
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
