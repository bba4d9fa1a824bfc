/** A response. */
export interface Reply {
  /** HTTP status. */
  readonly status: number;
  /** Headers; names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it is sent, possibly compressed. */
  readonly body: string | Buffer;
}
