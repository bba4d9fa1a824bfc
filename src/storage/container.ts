import { createHash, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import { BlobServiceClient, type BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { MINUTE, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { answerOf, NO_REDIRECTS, networkCodeOf } from "../identity/azure-answer.ts";
import type { StorageSettings } from "../settings/settings.ts";
import { SnapshotDamaged } from "./snapshot-damaged.ts";
import { asStorageError, serviceTimeOf, statusOf } from "./storage-error.ts";

const RETRY_DELAY_MS = 500;
const MAX_TRIES = 5;
const TRY_TIMEOUT_MS = 2 * MINUTE;
/** How long it may take to find out whether a write arrived whose answer did not; also after the run was ended. */
const LOOK_WITHIN_MS = 10 * SECOND;
/** A blob that is replaced while it is read is read again. */
const MAX_READS = 3;
/** Metadata of a blob: which writer wrote it. */
const WRITER = "writer";

/** How long cleaning up may take. */
const CLEAN_UP_WITHIN_MS = 10 * SECOND;
/** The same for a run that was told to stop: the Functions host allows five seconds, and the lock is to be given back. */
const LEAVE_WITHIN_MS = 3 * SECOND;

/** What to write. */
export interface Upload {
  /** Path from the container. */
  readonly path: string;
  readonly body: Buffer;
  readonly contentType: string;
}

/** A blob as it is stored. */
export interface StoredBlob {
  /** Path from the container. */
  readonly path: string;
  readonly bytes: number;
  /** When it was last written, by the service's clock, in milliseconds since the Unix epoch. */
  readonly modifiedMs: number;
}

/** A blob that was asked for. */
export type FetchedBlob = {
  readonly bytes: number;
  /** Tells whether it has changed since. */
  readonly etag: string;
} & (
  | { readonly body: Buffer }
  /** Why it cannot be had, a clause without a full stop; nothing of it was read. */
  | { readonly body: undefined; readonly problem: string }
);

/** Why the service refuses to give a blob out although it is there, by its error code. */
const WITHHELD: ReadonlyMap<string | undefined, string> = new Map([
  ["BlobArchived", "the blob is in the archive tier; set its tier to Hot, which takes hours"],
  ["BlobBeingRehydrated", "the blob is still on its way out of the archive tier"],
  ["BlobUsesCustomerSpecifiedEncryption", "the blob is encrypted with somebody's own key"],
]);

/** How writing a blob once went. */
export type PutOutcome =
  /** It is there, written by this container's user. */
  | { readonly kind: "written" }
  /** Somebody else wrote the very same bytes. */
  | { readonly kind: "same" }
  | {
      readonly kind: "failed";
      readonly error: unknown;
      /**
       * Whether there is certainly no such blob and none can turn up any more: each request was answered, and it was
       * looked for in the end. A request without an answer may still arrive.
       */
      readonly isAbsent: boolean;
    };

/** The container of the snapshots. Each write's MD5 is checked by the service on arrival and kept with the blob. */
export class Container {
  readonly #client: ContainerClient;
  /** Sends each request once only: who writes once has to look between two tries. */
  readonly #tryOnce: ContainerClient;
  readonly #signal: AbortSignal;
  readonly #writer: string;

  /** @param writer tells this user's blobs from others' */
  constructor(client: ContainerClient, signal: AbortSignal, writer: string = randomUUID()) {
    this.#client = client;
    this.#tryOnce = new ContainerClient(client.url, client.credential, {
      ...NO_REDIRECTS,
      retryOptions: { maxTries: 1, tryTimeoutInMs: TRY_TIMEOUT_MS },
    });
    this.#signal = signal;
    this.#writer = writer;
  }

  get url(): string {
    return this.#client.url;
  }

  /** Ends whatever is being asked. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /**
   * Makes sure that the container is there and closed to the public. An existing one is not created again, so that a
   * role on the container alone is enough.
   *
   * @param onServiceTime told what time the service says it is, also by a refusal: a wrong clock may be its reason
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
   * Writes a blob that must not exist yet. Finding the very same bytes there is success.
   *
   * @returns whether it was certainly written by this container's user, so that taking it back takes nothing from
   *   anybody else
   * @throws {RollcallError} `snapshot-exists` when other bytes are there
   */
  async putOnce(upload: Upload): Promise<boolean> {
    const outcome = await this.tryPutOnce(upload);
    if (outcome.kind === "failed") throw outcome.error;
    return outcome.kind === "written";
  }

  /**
   * As {@link putOnce}, for who has to know what became of a write that failed.
   *
   * No answer is taken at its word but success: after any other, also one that says that the blob exists, it is looked
   * for. What is not there is written again, five times at the most.
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
      // As the SDK waits: not at all before the second try.
      const waitMs = (2 ** (tries - 1) - 1) * RETRY_DELAY_MS;
      await delay(waitMs, undefined, { signal: this.#signal }).catch(() => this.#signal.aborted);
    }
  }

  /**
   * Writes a blob if it is still the one that was read.
   *
   * @param etag of the blob as read; `undefined` when there was none
   * @returns whether it was written; `false` when somebody else was faster
   */
  async replace(upload: Upload, etag: string | undefined): Promise<boolean> {
    return this.#put(upload, etag === undefined ? { ifNoneMatch: "*" } : { ifMatch: etag });
  }

  /**
   * A whole blob in memory.
   *
   * @param maxBytes the most that will be read
   * @returns `undefined` when there is none
   * @throws {RollcallError} `snapshot-damaged` for a larger one, before anything of it is read, and for one that is there
   *   and that the service does not give out, such as from the archive tier
   */
  async read(path: string, maxBytes: number): Promise<Buffer | undefined> {
    const blob = await this.fetch(path, maxBytes);
    if (blob && !blob.body) throw new SnapshotDamaged(path, blob.problem);
    return blob?.body;
  }

  /** As {@link read}, for who goes on with a blob that cannot be had. */
  async fetch(path: string, maxBytes: number): Promise<FetchedBlob | undefined> {
    return this.#ask(`reading ${path}`, async (abortSignal) => {
      for (let reads = 1; ; reads++) {
        try {
          return await this.#download(path, maxBytes, abortSignal);
        } catch (error) {
          const status = statusOf(error);
          if (status === 404) return undefined;
          const problem = WITHHELD.get(answerOf(error)?.code);
          if (problem !== undefined) return await this.#withheld(path, problem, abortSignal);
          if (status !== 412 || reads === MAX_READS) throw error;
        }
      }
    });
  }

  /** The blobs whose path begins with `prefix`, in the order of their names. */
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
   * The folders whose path begins with `prefix`, without what is in them: `tenant=…/date=2026-11-22/`. In the order of
   * their names.
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

  /** Deletes a blob if it is there and was written by this container's user. */
  async removeOwn(path: string): Promise<void> {
    await this.#ask(`deleting ${path}`, async (abortSignal) => {
      try {
        const { metadata, etag = "" } = await this.blob(path).getProperties({ abortSignal });
        if (metadata?.[WRITER] !== this.#writer) return;
        await this.blob(path).delete({ abortSignal, conditions: { ifMatch: etag } });
      } catch (error) {
        // It is gone, or somebody else's by now.
        if (statusOf(error) !== 404 && statusOf(error) !== 412) throw error;
      }
    });
  }

  /** Deletes a blob if it is there. */
  async remove(path: string): Promise<void> {
    await this.#ask(`deleting ${path}`, (abortSignal) => this.blob(path).deleteIfExists({ abortSignal }));
  }

  /** For the lock, which speaks to its blob's lease itself. */
  blob(path: string): BlockBlobClient {
    return this.#client.getBlockBlobClient(path);
  }

  /** The same container for cleaning up, which must go on after the run's own signal was aborted, but not for long. */
  forCleaningUp(): Container {
    const withinMs = this.#signal.aborted ? LEAVE_WITHIN_MS : CLEAN_UP_WITHIN_MS;
    return this.withSignal(AbortSignal.timeout(withinMs));
  }

  /** The same container for work that ends with another signal. */
  withSignal(signal: AbortSignal): Container {
    return new Container(this.#client, signal, this.#writer);
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
      // The service refuses bytes that do not fit either (https://learn.microsoft.com/rest/api/storageservices/put-blob)
      // and keeps the second with the blob.
      transactionalContentMD5: md5,
      blobHTTPHeaders: { blobContentType: contentType, blobContentMD5: md5 },
    });
  }

  /** What is there after a write that was not confirmed; `unknown` when that cannot be told either. */
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
      // The rest of the answer is not waited for.
      readableStreamBody?.on("error", () => undefined);
      stop.abort();
      const problem = `the blob has ${bytes} bytes, more than the ${maxBytes} that such a blob may have`;
      return { body: undefined, problem, bytes, etag };
    }
    const body = Buffer.allocUnsafeSlow(bytes);
    let read = 0;
    for await (const chunk of readableStreamBody ?? []) read += Buffer.from(chunk).copy(body, read);
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
 * Opens the container; asks nothing yet.
 *
 * @param credential the identity; role "Storage Blob Data Contributor" to write, "Storage Blob Data Reader" to read
 */
export function openContainer(
  storage: StorageSettings,
  name: string,
  credential: TokenCredential,
  signal: AbortSignal,
): Container {
  const options = {
    ...NO_REDIRECTS,
    retryOptions: { maxTries: MAX_TRIES, tryTimeoutInMs: TRY_TIMEOUT_MS, retryDelayInMs: RETRY_DELAY_MS },
  };
  const service =
    storage.kind === "identity"
      ? new BlobServiceClient(storage.url, credential, options)
      : BlobServiceClient.fromConnectionString(storage.connectionString, options);
  return new Container(service.getContainerClient(name), signal);
}

function md5Of(body: Buffer): Buffer {
  return createHash("md5").update(body).digest();
}

/** Whether the same write may be taken when it is sent again. 409 and 412 come here only where there is no blob. */
function maySucceedLater(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return networkCodeOf(error) !== undefined;
  return status >= 500 || [408, 409, 412, 429].includes(status);
}

function existsAlready(doing: string): RollcallError {
  return new RollcallError("snapshot-exists", {
    doing,
    problem: "a blob of that name exists already, with other content",
    remedy: "Nothing was overwritten. Run again: each run writes to a folder of its own.",
  });
}

function publicContainer(doing: string): RollcallError {
  return new RollcallError("container-public", {
    doing,
    problem: "the container can be read by anybody on the internet",
    remedy:
      "Nothing was written. Set its public access level to private, or name another ROLLCALL_CONTAINER.",
  });
}
