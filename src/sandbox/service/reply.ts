/** An answer. */
export interface Reply {
  /** HTTP status. */
  readonly status: number;
  /** Headers; names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes as they go out, compressed ones included. */
  readonly body: string | Buffer;
}
