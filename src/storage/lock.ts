import type { BlockBlobClient } from "@azure/storage-blob";
import { type Clock, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { answerOf, isRestError } from "../identity/azure-answer.ts";
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
/** What `nameHolder` writes; anything else there is not shown. */
const RUN_ID = /^\d{8}T\d{6}Z$/;

/** The right to be the only run on a tenant, until disposed. */
export interface Lock extends AsyncDisposable {
  /** Aborted with `lock-lost` when somebody else got hold of the lock all the same; else when the run ends. */
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
 * belongs to a run that lives. A lease without end is nobody's run: somebody acquired it by hand, and it is not waited for.
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
  const giveUpMs = clock.elapsed() + PATIENCE_MS;

  while (!(await tryAcquire())) {
    const holder = await readHolder();
    if (holder.isEndless) throw endlessError(doing, blob);
    if (clock.elapsed() >= giveUpMs) throw heldError(holder);
    await clock.sleep(ASK_EVERY_MS, signal);
  }

  const lost = new AbortController();
  const renewal = setInterval(() => void renew(), RENEW_EVERY_MS);
  renewal.unref();
  return {
    signal: AbortSignal.any([signal, lost.signal]),
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

  /** @param isThere whether the blob has just been made: missing again, it is refused rather than made again and again */
  async function tryAcquire(isThere = false): Promise<boolean> {
    try {
      await lease.acquireLease(LEASE_SECONDS, { abortSignal: signal });
      return true;
    } catch (error) {
      // The service may have given the lease all the same, which would hold up the next run.
      if (signal.aborted) await release();
      signal.throwIfAborted();
      if (statusOf(error) === 409) return false;
      if (statusOf(error) !== 404 || isThere) throw asStorageError(error, doing);
      await container.replace({ path, body: Buffer.alloc(0), contentType: "text/plain" }, undefined);
      return tryAcquire(true);
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

  /** Who has the lease, for the message; where the storage does not say, it is taken for another run's. */
  async function readHolder(): Promise<Holder> {
    try {
      const { metadata, leaseDuration, leaseState } = await blob.getProperties({ abortSignal: signal });
      const run = metadata?.run;
      return {
        run: run !== undefined && RUN_ID.test(run) ? run : undefined,
        isEndless: leaseDuration === "infinite" && leaseState === "leased",
        isBreaking: leaseState === "breaking",
      };
    } catch (error) {
      signal.throwIfAborted();
      if (!isRestError(error)) throw asStorageError(error, doing);
      return { run: undefined, isEndless: false, isBreaking: false };
    }
  }

  function heldError({ run, isBreaking }: Holder): RollcallError {
    if (isBreaking) {
      return new RollcallError("lock-held", {
        doing,
        problem: "somebody has broken the lease on it, with a time to wait that is not over",
        remedy: "Run again in a minute: such a time is 60 seconds at the most.",
      });
    }
    return new RollcallError("lock-held", {
      doing,
      problem: `${run === undefined ? "another run" : `run ${run}`} is at work on this tenant`,
      remedy:
        "Wait for it to end. If none is running, the lock frees itself: a dead run's within 15 seconds, a lease that " +
        "somebody acquired by hand within 60.",
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

/** What the lock's blob says of its lease. */
interface Holder {
  /** The run that was written on it last; `undefined` when there is none. */
  readonly run: string | undefined;
  /** Whether the lease has no end, which no run's has. */
  readonly isEndless: boolean;
  /** Whether the lease was broken and ends by itself, within 60 s. */
  readonly isBreaking: boolean;
}

/** @see https://learn.microsoft.com/cli/azure/storage/blob/lease#az-storage-blob-lease-break */
function endlessError(doing: string, { accountName, containerName, name }: BlockBlobClient): RollcallError {
  return new RollcallError("lock-held", {
    doing,
    problem:
      "somebody acquired an infinite lease on it by hand, as the portal's Acquire lease does; it never frees itself",
    remedy:
      "Make sure that nobody holds it on purpose, then break it: in the portal by Break lease on that blob, or by " +
      `\`az storage blob lease break --account-name ${accountName} --container-name ${containerName} ` +
      `--blob-name "${name}" --auth-mode login\`.`,
  });
}
