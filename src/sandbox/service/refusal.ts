/** An error response. Each service turns it into its own kind of error document. */
export class Refusal extends Error {
  /** HTTP status. */
  readonly status: number;
  /** The service's error code, such as `Request_BadRequest` or `invalid_client`. */
  readonly code: string;
  /** Additional headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Additional, service-specific content of the error document. */
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
