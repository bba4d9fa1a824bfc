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

/** A blob that was found. */
export type FetchedBlob = {
  readonly bytes: number;
  /** Changes with the blob. */
  readonly etag: string;
} & (
  | { readonly body: Buffer }
  /** Why it cannot be read, a clause without a full stop; nothing of it was read. */
  | { readonly body: undefined; readonly problem: string }
);

/** The outcome of writing a blob once. */
export type PutOutcome =
  /** The blob is there, written by this writer. */
  | { readonly kind: "written" }
  /** Another writer wrote exactly the same bytes. */
  | { readonly kind: "same" }
  | {
      readonly kind: "failed";
      readonly error: unknown;
      /**
       * Whether it is certain that there is no such blob and none will appear: every request was answered, and a final
       * look did not find it. A request that was not answered may still arrive.
       */
      readonly isAbsent: boolean;
    };
