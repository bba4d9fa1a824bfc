import type { BlockBlobClient } from "@azure/storage-blob";
import { type Clock, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { answerOf, isRestError } from "../identity/azure-answer.ts";
import type { Container } from "./container.ts";
import { asStorageError, statusOf } from "./storage-error.ts";

/** The shortest lease that the service offers: a killed run blocks the next one no longer than this. */
const LEASE_SECONDS = 15;
const RENEW_EVERY_MS = 5 * SECOND;
const ASK_EVERY_MS = SECOND;
/** When a run is told to stop, the host allows five seconds, of which deleting the parts may take three. */
const RELEASE_WITHIN_MS = SECOND;
/** A lease that is still held after this long has been renewed, so its holder is alive. */
const GIVE_UP_AFTER_MS = (LEASE_SECONDS + 3) * SECOND;
/** What {@link Lock.nameHolder} may be told when it is not a run that holds the lock. */
export const PRUNE = "prune";
/** What `nameHolder` writes; anything else is not shown. */
const HOLDER = new RegExp(`^(\\d{8}T\\d{6}Z|${PRUNE})$`);

/** The right to be the only run on a tenant, until disposed. */
export interface Lock extends AsyncDisposable {
  /** Aborted with `lock-lost` when somebody else got hold of the lock all the same; else when the run ends. */
  readonly signal: AbortSignal;
  /**
   * Makes sure that the lock is still held. Call it right before anything that only the holder may do.
   *
   * @throws {RollcallError} `lock-lost`, and the storage's errors
   */
  confirm(): Promise<void>;
  /** Records on the lock which run, or {@link PRUNE}, holds it, for the message of another that finds it taken. */
  nameHolder(holder: string): Promise<void>;
}

/** Options of {@link takeLock}. */
export interface LockOptions {
  /** Path of the lock's blob; an empty blob is created if there is none. */
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Takes the lock: a blob lease, renewed until disposed.
 *
 * A lease that a killed run left behind ends within 15 seconds, so this waits for that. A lease that lasts longer belongs
 * to a live run. An infinite lease belongs to no run: it was acquired by hand, and this does not wait for it.
 *
 * After a lease has expired, the service still renews it as long as nobody else has taken it. It refuses if somebody has,
 * even if they released it again, or if an operator broke the lease. Then the run ends with `lock-lost`. It never takes
 * the lock a second time, because the other run may have committed meanwhile.
 *
 * The lock saves work; snapshots are whole without it. Two runs that both believed they held it would still write to
 * folders of their own, and the manifest and `latest.json` are written conditionally.
 *
 * @throws {RollcallError} `lock-held`, and the storage's errors
 * @see https://learn.microsoft.com/rest/api/storageservices/lease-blob
 */
export async function takeLock(container: Container, { path, clock, signal }: LockOptions): Promise<Lock> {
  const doing = `taking the lock ${path}`;
  const blob = container.blob(path);
  const lease = blob.getBlobLeaseClient();
  const giveUpMs = clock.elapsed() + GIVE_UP_AFTER_MS;

  while (!(await tryAcquire())) {
    const holder = await readHolder(blob, signal, doing);
    if (holder.isEndless) throw new EndlessLease(doing, blob);
    if (clock.elapsed() >= giveUpMs) throw heldError(doing, holder);
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
    nameHolder: async (holder) => {
      try {
        const conditions = { leaseId: lease.leaseId };
        await blob.setMetadata({ run: holder }, { abortSignal: signal, conditions });
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

  /** A failure is ignored: the lease then expires by itself, and the run's outcome must not depend on it. */
  async function release(): Promise<void> {
    await lease.releaseLease({ abortSignal: AbortSignal.timeout(RELEASE_WITHIN_MS) }).catch(() => undefined);
  }

  /** @param isCreated whether the blob has just been created; if it is missing again, that is an error */
  async function tryAcquire(isCreated = false): Promise<boolean> {
    try {
      await lease.acquireLease(LEASE_SECONDS, { abortSignal: signal });
      return true;
    } catch (error) {
      // The service may have granted the lease nevertheless, which would block the next run.
      if (signal.aborted) await release();
      signal.throwIfAborted();
      if (statusOf(error) === 409) return false;
      if (statusOf(error) !== 404 || isCreated) throw asStorageError(error, doing);
      await container.replace({ path, body: Buffer.alloc(0), contentType: "text/plain" }, undefined);
      return tryAcquire(true);
    }
  }

  /** A renewal that did not get through does no harm: the next one makes up for it. */
  async function renew(): Promise<void> {
    try {
      await lease.renewLease({ abortSignal: AbortSignal.timeout(RENEW_EVERY_MS) });
    } catch (error) {
      if (isRefused(error)) lose(error);
    }
  }

  function lose(refusal: unknown): void {
    clearInterval(renewal);
    lost.abort(lostError(path, refusal));
  }
}

/** Who holds the lease, for the message. If the storage does not say, another run is assumed. */
async function readHolder(blob: BlockBlobClient, signal: AbortSignal, doing: string): Promise<Holder> {
  try {
    const { metadata, leaseDuration, leaseState } = await blob.getProperties({ abortSignal: signal });
    const run = metadata?.run;
    return {
      run: run !== undefined && HOLDER.test(run) ? run : undefined,
      isEndless: leaseDuration === "infinite" && leaseState === "leased",
      isBreaking: leaseState === "breaking",
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!isRestError(error)) throw asStorageError(error, doing);
    return { run: undefined, isEndless: false, isBreaking: false };
  }
}

/** Whether the service says that the lease is no longer ours. */
function isRefused(error: unknown): boolean {
  return [404, 409, 412].includes(statusOf(error) ?? 0);
}

function describeLoss(refusal: unknown): string {
  if (statusOf(refusal) === 404) return "its blob was deleted";
  if (answerOf(refusal)?.code === "LeaseIsBrokenAndCannotBeRenewed") return "somebody broke its lease";
  return "another run took it over, which happens when this one could not reach the storage for 15 s";
}

/** What the lock's blob says about its lease. */
interface Holder {
  /** The run that was recorded last; `undefined` if there is none. */
  readonly run: string | undefined;
  /** Whether the lease is infinite, as no run's is. */
  readonly isEndless: boolean;
  /** Whether the lease was broken and ends within 60 s. */
  readonly isBreaking: boolean;
}

function lostError(path: string, refusal: unknown): RollcallError {
  return new RollcallError("lock-lost", {
    doing: `renewing the lock ${path}`,
    problem: `this run no longer holds the lock: ${describeLoss(refusal)}`,
    answer: answerOf(refusal),
    remedy: "This run published nothing. Check the outcome of the other run, or run again if there was none.",
  });
}

function heldError(doing: string, { run, isBreaking }: Holder): RollcallError {
  if (isBreaking) {
    return new RollcallError("lock-held", {
      doing,
      problem: "somebody has broken the lease on it, and its break period is not over",
      remedy: "Run again in a minute: a break period is at most 60 seconds.",
    });
  }
  return new RollcallError("lock-held", {
    doing,
    problem: `${holderInWords(run)} is at work on this tenant`,
    remedy:
      "Wait for it to end. If none is running, the lock frees itself: a dead run's within 15 seconds, a lease that " +
      "somebody acquired by hand within 60 seconds.",
  });
}

function holderInWords(run: string | undefined): string {
  if (run === PRUNE) return "`rollcall prune`";
  return run === undefined ? "another run" : `run ${run}`;
}

/**
 * The error for a lock that no run holds: it was acquired by hand, and never ends by itself.
 *
 * @see https://learn.microsoft.com/cli/azure/storage/blob/lease#az-storage-blob-lease-break
 */
export class EndlessLease extends RollcallError {
  constructor(doing: string, { accountName, containerName, name }: BlockBlobClient) {
    super("lock-held", {
      doing,
      problem:
        "somebody acquired an infinite lease on it by hand, as the portal's Acquire lease does; it never ends by itself",
      remedy:
        "Make sure that nobody needs it, then break it: with Break lease on that blob in the portal, or with " +
        `\`az storage blob lease break --account-name ${accountName} --container-name ${containerName} ` +
        `--blob-name "${name}" --auth-mode login\`.`,
    });
  }
}
