import { createHash, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import { BlobServiceClient, type BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { MINUTE, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { NO_REDIRECTS } from "../identity/azure-answer.ts";
import type { StorageSettings } from "../settings/settings.ts";
import type { FetchedBlob, PutOutcome, StoredBlob, Upload } from "./blob.ts";
import { SnapshotDamaged } from "./snapshot-damaged.ts";
import {
  asStorageError,
  existsAlready,
  isBrokenOff,
  maySucceedLater,
  publicContainer,
  serviceTimeOf,
  statusOf,
  whyWithheld,
} from "./storage-error.ts";

const RETRY_DELAY_MS = 500;
const MAX_TRIES = 5;
const TRY_TIMEOUT_MS = 2 * MINUTE;
/** Time limit for finding out whether a write arrived although its answer did not, even after the run has been ended. */
const LOOK_WITHIN_MS = 10 * SECOND;
/** How long nothing may come of a blob that is on its way: the SDK would wait for ever. */
const MAX_SILENCE_MS = 2 * MINUTE;
/** Attempts at reading a blob that is replaced meanwhile, or whose connection breaks off or falls silent. */
const MAX_READS = 3;
/** Name of the blob metadata that says which writer wrote it. */
const WRITER = "writer";

/** Time limit for cleaning up. */
const CLEAN_UP_WITHIN_MS = 10 * SECOND;
/** The same after a run was told to stop: the Functions host allows five seconds, and the lock must be released too. */
const LEAVE_WITHIN_MS = 3 * SECOND;

/** Called with the number of bytes whenever some of a blob have come; must return at once and not throw. */
export type ReadListener = (bytes: number) => void;

/** The container of the snapshots. The service checks the MD5 of each write, and keeps it with the blob. */
export class Container {
  readonly #client: ContainerClient;
  /** Does not retry: a blob that is written once must be looked for between attempts. */
  readonly #tryOnce: ContainerClient;
  readonly #signal: AbortSignal;
  readonly #writer: string;
  readonly #onRead: ReadListener;
  readonly #maxSilenceMs: number;

  /**
   * @param writer identifies the blobs that this process writes
   * @param maxSilenceMs how long nothing may come of a blob that is on its way
   */
  constructor(
    client: ContainerClient,
    signal: AbortSignal,
    onRead: ReadListener = () => undefined,
    writer: string = randomUUID(),
    maxSilenceMs: number = MAX_SILENCE_MS,
  ) {
    this.#client = client;
    this.#tryOnce = new ContainerClient(client.url, client.credential, {
      ...NO_REDIRECTS,
      retryOptions: { maxTries: 1, tryTimeoutInMs: TRY_TIMEOUT_MS },
    });
    this.#signal = signal;
    this.#writer = writer;
    this.#onRead = onRead;
    this.#maxSilenceMs = maxSilenceMs;
  }

  get url(): string {
    return this.#client.url;
  }

  /** Ends all requests. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /**
   * Makes sure that the container exists and is not public. An existing one is not created again, so that a role on the
   * container alone is enough.
   *
   * @param onServiceTime called with the service's time, even if it refuses: a wrong clock may be the reason
   * @throws {RollcallError} `container-public`, `storage-denied`, `storage-unavailable`, `storage-refused`
   */
  async prepare(onServiceTime: (time: Date) => void = () => undefined): Promise<void> {
    const doing = `opening the container ${this.url}`;
    await this.#ask(doing, async (abortSignal) => {
      try {
        const { blobPublicAccess, date } = await this.#client.getProperties({ abortSignal });
        if (date) onServiceTime(date);
        if (blobPublicAccess !== undefined) throw publicContainer(doing);
      } catch (error) {
        const time = serviceTimeOf(error);
        if (time) onServiceTime(time);
        if (statusOf(error) !== 404) throw error;
        await this.#client.createIfNotExists({ abortSignal });
      }
    });
  }

  /**
   * Writes a blob that must not exist yet. Finding exactly the same bytes there is success.
   *
   * @returns whether it was certainly written by this writer, so that it may be deleted again
   * @throws {RollcallError} `snapshot-exists` if the blob exists with other content
   */
  async putOnce(upload: Upload): Promise<boolean> {
    const outcome = await this.tryPutOnce(upload);
    if (outcome.kind === "failed") throw outcome.error;
    return outcome.kind === "written";
  }

  /**
   * As {@link putOnce}, for callers that need to know the state after a failed write.
   *
   * Only success is believed. After any other answer, even one that the blob exists, the blob is looked for. If it is not
   * there, it is written again, with at most five attempts.
   */
  async tryPutOnce(upload: Upload): Promise<PutOutcome> {
    const doing = `writing ${upload.path}`;
    let isAnswered = true;
    for (let tries = 1; ; tries++) {
      if (this.#signal.aborted) {
        return { kind: "failed", error: this.#signal.reason, isAbsent: isAnswered };
      }
      try {
        await this.#upload(this.#tryOnce, upload, { ifNoneMatch: "*" }, this.#signal);
        return { kind: "written" };
      } catch (error) {
        isAnswered &&= statusOf(error) !== undefined;
        const found = await this.#lookFor(upload, doing);
        if (found === "unknown")
          return { kind: "failed", error: this.#asError(error, doing), isAbsent: false };
        if (found !== "nothing") return found;
        if (tries === MAX_TRIES || !maySucceedLater(error)) {
          return { kind: "failed", error: this.#asError(error, doing), isAbsent: isAnswered };
        }
      }
      // The SDK's own back-off: no wait before the second attempt.
      const waitMs = (2 ** (tries - 1) - 1) * RETRY_DELAY_MS;
      await delay(waitMs, undefined, { signal: this.#signal }).catch(() => this.#signal.aborted);
    }
  }

  /**
   * Writes a blob if it has not changed since it was read.
   *
   * @param etag of the blob as read; `undefined` if there was none
   * @returns whether it was written; `false` if it has changed
   */
  async replace(upload: Upload, etag: string | undefined): Promise<boolean> {
    return this.#put(upload, etag === undefined ? { ifNoneMatch: "*" } : { ifMatch: etag });
  }

  /** Writes a blob, whatever is there. Only for blobs that nothing depends on. */
  async overwrite(upload: Upload): Promise<void> {
    await this.#put(upload, {});
  }

  /**
   * Reads a whole blob into memory.
   *
   * @param maxBytes the largest blob to read
   * @returns `undefined` if there is none
   * @throws {RollcallError} `snapshot-damaged` if the blob is larger, before any of it is read, or if the service does not
   *   serve it, for example because it is in the archive tier
   */
  async read(path: string, maxBytes: number): Promise<Buffer | undefined> {
    const blob = await this.fetch(path, maxBytes);
    if (blob && !blob.body) throw new SnapshotDamaged(path, blob.problem);
    return blob?.body;
  }

  /** As {@link read}, for callers that can continue when a blob cannot be read. */
  async fetch(path: string, maxBytes: number): Promise<FetchedBlob | undefined> {
    return this.#ask(`reading ${path}`, async (abortSignal) => {
      for (let reads = 1; ; reads++) {
        try {
          return await this.#download(path, maxBytes, abortSignal);
        } catch (error) {
          const status = statusOf(error);
          if (status === 404) return undefined;
          const problem = whyWithheld(error);
          if (problem !== undefined) return await this.#withheld(path, problem, abortSignal);
          if (!(status === 412 || isBrokenOff(error)) || reads === MAX_READS) throw error;
        }
      }
    });
  }

  /**
   * The present by the service's clock, which dates the blobs.
   *
   * @throws {RollcallError} the storage's errors, also if there is no such container
   */
  async time(): Promise<Date> {
    const doing = `asking ${this.url} for the time`;
    const { date } = await this.#ask(doing, (abortSignal) => this.#client.getProperties({ abortSignal }));
    if (date) return date;
    throw new RollcallError("storage-refused", {
      doing,
      problem: "its answer has no date",
      remedy: "Check that ROLLCALL_STORAGE is a blob service, and look for a proxy in between.",
    });
  }

  /** The blobs whose path begins with `prefix`, sorted by path. */
  async *list(prefix: string): AsyncGenerator<StoredBlob, void, undefined> {
    const doing = `listing the blobs below ${prefix}`;
    const pages = this.#client.listBlobsFlat({ prefix, abortSignal: this.#signal });
    const iterator = pages[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#ask(doing, () => iterator.next());
      if (next.done) return;
      const { name, properties } = next.value;
      yield {
        path: name,
        bytes: properties.contentLength ?? 0,
        modifiedMs: properties.lastModified.getTime(),
      };
    }
  }

  /**
   * The folders whose path begins with `prefix`, such as `tenant=…/date=2026-11-22/`, without their contents. Sorted by
   * path.
   */
  async folders(prefix: string): Promise<readonly string[]> {
    const doing = `listing the folders below ${prefix}`;
    const pages = this.#client.listBlobsByHierarchy("/", { prefix, abortSignal: this.#signal });
    const iterator = pages[Symbol.asyncIterator]();
    const found: string[] = [];
    for (;;) {
      const next = await this.#ask(doing, () => iterator.next());
      if (next.done) return found;
      if (next.value.kind === "prefix") found.push(next.value.name);
    }
  }

  /** Deletes a blob if it exists and this writer wrote it. */
  async removeOwn(path: string): Promise<void> {
    await this.#ask(`deleting ${path}`, async (abortSignal) => {
      try {
        const { metadata, etag = "" } = await this.blob(path).getProperties({ abortSignal });
        if (metadata?.[WRITER] !== this.#writer) return;
        await this.blob(path).delete({ abortSignal, conditions: { ifMatch: etag } });
      } catch (error) {
        // The blob is gone, or another writer has replaced it.
        if (statusOf(error) !== 404 && statusOf(error) !== 412) throw error;
      }
    });
  }

  /**
   * Deletes a blob if it exists.
   *
   * @param etag of the version to delete, and no other; absent: whichever there is
   */
  async remove(path: string, etag?: string): Promise<void> {
    const conditions = etag === undefined ? {} : { ifMatch: etag };
    await this.#ask(`deleting ${path}`, (abortSignal) =>
      this.blob(path).deleteIfExists({ abortSignal, conditions }),
    );
  }

  /** For the lock, which manages the lease of its blob itself. */
  blob(path: string): BlockBlobClient {
    return this.#client.getBlockBlobClient(path);
  }

  /** The same container for cleaning up, which must continue after the run's signal is aborted, but not for long. */
  forCleaningUp(): Container {
    const withinMs = this.#signal.aborted ? LEAVE_WITHIN_MS : CLEAN_UP_WITHIN_MS;
    return this.withSignal(AbortSignal.timeout(withinMs));
  }

  /** The same container for work that ends with another signal. */
  withSignal(signal: AbortSignal): Container {
    return new Container(this.#client, signal, this.#onRead, this.#writer, this.#maxSilenceMs);
  }

  async #put(upload: Upload, conditions: object): Promise<boolean> {
    return this.#ask(`writing ${upload.path}`, async (abortSignal) => {
      try {
        await this.#upload(this.#client, upload, conditions, abortSignal);
        return true;
      } catch (error) {
        const status = statusOf(error);
        if (status === 409 || status === 412) return false;
        throw error;
      }
    });
  }

  async #upload(
    client: ContainerClient,
    { path, body, contentType }: Upload,
    conditions: object,
    abortSignal: AbortSignal,
  ): Promise<void> {
    const md5 = md5Of(body);
    await client.getBlockBlobClient(path).upload(body, body.length, {
      abortSignal,
      conditions,
      metadata: { [WRITER]: this.#writer },
      // The service checks the bytes against both (https://learn.microsoft.com/rest/api/storageservices/put-blob), and
      // keeps the second with the blob.
      transactionalContentMD5: md5,
      blobHTTPHeaders: { blobContentType: contentType, blobContentMD5: md5 },
    });
  }

  /** What exists after a write that was not confirmed; `unknown` if that cannot be found out either. */
  async #lookFor({ path, body }: Upload, doing: string): Promise<PutOutcome | "nothing" | "unknown"> {
    try {
      const abortSignal = AbortSignal.timeout(LOOK_WITHIN_MS);
      const { contentMD5, metadata } = await this.blob(path).getProperties({ abortSignal });
      if (!contentMD5 || !md5Of(body).equals(contentMD5)) {
        return { kind: "failed", error: existsAlready(doing), isAbsent: false };
      }
      return { kind: metadata?.[WRITER] === this.#writer ? "written" : "same" };
    } catch (error) {
      return statusOf(error) === 404 ? "nothing" : "unknown";
    }
  }

  async #download(path: string, maxBytes: number, abortSignal: AbortSignal): Promise<FetchedBlob> {
    const stop = new AbortController();
    const {
      contentLength: bytes = 0,
      etag = "",
      readableStreamBody,
    } = await this.blob(path).download(0, undefined, {
      abortSignal: AbortSignal.any([abortSignal, stop.signal]),
      maxRetryRequests: MAX_TRIES,
    });
    if (bytes > maxBytes) {
      // Does not wait for the rest of the response.
      readableStreamBody?.on("error", () => undefined);
      stop.abort();
      const problem = `the blob has ${bytes} bytes, more than the ${maxBytes} that such a blob may have`;
      return { body: undefined, problem, bytes, etag };
    }
    const body = Buffer.allocUnsafeSlow(bytes);
    let read = 0;
    const silence = setTimeout(() => stop.abort(), this.#maxSilenceMs);
    try {
      for await (const chunk of readableStreamBody ?? []) {
        const length = typeof chunk === "string" ? body.write(chunk, read) : chunk.copy(body, read);
        read += length;
        silence.refresh();
        this.#onRead(length);
      }
    } finally {
      clearTimeout(silence);
    }
    return { body: body.subarray(0, read), bytes, etag };
  }

  async #withheld(path: string, problem: string, abortSignal: AbortSignal): Promise<FetchedBlob> {
    const { contentLength: bytes = 0, etag = "" } = await this.blob(path).getProperties({ abortSignal });
    return { body: undefined, problem, bytes, etag };
  }

  #asError(error: unknown, doing: string): unknown {
    return this.#signal.aborted ? this.#signal.reason : asStorageError(error, doing);
  }

  async #ask<T>(doing: string, request: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      this.#signal.throwIfAborted();
      return await request(this.#signal);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw asStorageError(error, doing);
    }
  }
}

/**
 * Opens the container, without sending a request.
 *
 * @param credential the identity; role "Storage Blob Data Contributor" to write, "Storage Blob Data Reader" to read
 * @param onRead told of all that is read
 * @param maxSilenceMs as for {@link Container}
 */
export function openContainer(
  storage: StorageSettings,
  name: string,
  credential: TokenCredential,
  signal: AbortSignal,
  onRead?: ReadListener,
  maxSilenceMs?: number,
): Container {
  const options = {
    ...NO_REDIRECTS,
    retryOptions: { maxTries: MAX_TRIES, tryTimeoutInMs: TRY_TIMEOUT_MS, retryDelayInMs: RETRY_DELAY_MS },
  };
  const service =
    storage.kind === "identity"
      ? new BlobServiceClient(storage.url, credential, options)
      : BlobServiceClient.fromConnectionString(storage.connectionString, options);
  return new Container(service.getContainerClient(name), signal, onRead, undefined, maxSilenceMs);
}

function md5Of(body: Buffer): Buffer {
  return createHash("md5").update(body).digest();
}
