/** A service's no. Each service gives it the shape of its own error documents. */
export class Refusal extends Error {
  /** HTTP status. */
  readonly status: number;
  /** The service's error code, such as `Request_BadRequest` or `invalid_client`. */
  readonly code: string;
  /** Headers of the answer beside the usual ones. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the service's error document holds beside code and message; its meaning is the service's. */
  readonly detail: string | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly detail?: string } = {},
  ) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
    this.headers = more.headers ?? {};
    this.detail = more.detail;
  }
}
