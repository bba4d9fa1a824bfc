import { createHash } from "node:crypto";
import type { TokenCredential } from "@azure/identity";
import { BlobServiceClient, type BlockBlobClient, type ContainerClient } from "@azure/storage-blob";
import { NO_REDIRECTS } from "../azure-answer.ts";
import { MINUTE } from "../clock.ts";
import { RollcallError } from "../error.ts";
import type { StorageSettings } from "../settings.ts";
import { asStorageError, statusOf } from "./storage-error.ts";

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
}

/** A blob's bytes, and the tag that tells whether it has changed since. */
export interface ReadBlob {
  readonly body: Buffer;
  readonly etag: string;
}

/** The container of the snapshots. Each write's MD5 is checked by the service on arrival and kept with the blob. */
export class Container {
  readonly #client: ContainerClient;
  readonly #signal: AbortSignal;

  constructor(client: ContainerClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  get url(): string {
    return this.#client.url;
  }

  /**
   * Makes sure that the container is there and closed to the public. An existing one is not created again, so that a
   * role on the container alone is enough.
   *
   * @throws {RollcallError} `container-public`, `storage-denied`, `storage-unavailable`, `storage-refused`
   */
  async prepare(): Promise<void> {
    const doing = `opening the container ${this.url}`;
    await this.#ask(doing, async (abortSignal) => {
      try {
        const { blobPublicAccess } = await this.#client.getProperties({ abortSignal });
        if (blobPublicAccess !== undefined) throw publicContainer(doing);
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        await this.#client.createIfNotExists({ abortSignal });
      }
    });
  }

  /**
   * Writes a blob that must not exist yet. Finding the very same bytes there is success: most likely they are ours, from
   * a request whose answer was lost.
   *
   * @returns whether it was certainly written by this call, so that taking it back takes nothing from anybody else
   * @throws {RollcallError} `snapshot-exists` when other bytes are there
   */
  async putOnce(upload: Upload): Promise<boolean> {
    const doing = `writing ${upload.path}`;
    const wasWritten = await this.#put(upload, { ifNoneMatch: "*" });
    if (wasWritten) return true;
    const stored = await this.md5(upload.path);
    if (stored?.equals(md5Of(upload.body))) return false;
    throw new RollcallError("snapshot-exists", {
      doing,
      problem: "a blob of that name exists already, with other content",
      remedy: "Nothing was overwritten. Run again: each run writes to a folder of its own.",
    });
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

  /** A whole blob in memory, for small ones and bounded parts; `undefined` when there is none. */
  async read(path: string): Promise<ReadBlob | undefined> {
    return this.#ask(`reading ${path}`, async (abortSignal) => {
      try {
        const blob = this.blob(path);
        const { etag = "" } = await blob.getProperties({ abortSignal });
        return {
          body: await blob.downloadToBuffer(0, undefined, { abortSignal, conditions: { ifMatch: etag } }),
          etag,
        };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  }

  /** The MD5 that the service keeps for a blob; `undefined` when there is no such blob or no MD5. */
  async md5(path: string): Promise<Buffer | undefined> {
    return this.#ask(`checking ${path}`, async (abortSignal) => {
      try {
        const { contentMD5 } = await this.blob(path).getProperties({ abortSignal });
        return contentMD5 && Buffer.from(contentMD5);
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
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
      yield { path: next.value.name, bytes: next.value.properties.contentLength ?? 0 };
    }
  }

  /** Deletes a blob if it is there. */
  async remove(path: string): Promise<void> {
    await this.#ask(`deleting ${path}`, (abortSignal) => this.blob(path).deleteIfExists({ abortSignal }));
  }

  /** For the lock, which speaks to its blob's lease itself. */
  blob(path: string): BlockBlobClient {
    return this.#client.getBlockBlobClient(path);
  }

  /** The same container for work that must go on after the run's own signal was aborted, such as cleaning up. */
  withSignal(signal: AbortSignal): Container {
    return new Container(this.#client, signal);
  }

  async #put({ path, body, contentType }: Upload, conditions: object): Promise<boolean> {
    const md5 = md5Of(body);
    return this.#ask(`writing ${path}`, async (abortSignal) => {
      try {
        await this.blob(path).upload(body, body.length, {
          abortSignal,
          conditions,
          // The service refuses bytes that do not fit either (https://learn.microsoft.com/rest/api/storageservices/put-blob)
          // and keeps the second with the blob.
          transactionalContentMD5: md5,
          blobHTTPHeaders: { blobContentType: contentType, blobContentMD5: md5 },
        });
        return true;
      } catch (error) {
        const status = statusOf(error);
        if (status === 409 || status === 412) return false;
        throw error;
      }
    });
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
    retryOptions: { maxTries: 5, tryTimeoutInMs: 2 * MINUTE, retryDelayInMs: 500 },
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

function publicContainer(doing: string): RollcallError {
  return new RollcallError("container-public", {
    doing,
    problem: "the container can be read by anybody on the internet",
    remedy:
      "Nothing was written. Set its public access level to private, or name another ROLLCALL_CONTAINER.",
  });
}
