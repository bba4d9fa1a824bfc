/**
 * What an Azure service answered. A field is absent if the service did not send it, or sent something that does not look
 * like one. Never the answer's own text, which may repeat what was sent: see {@link answer}.
 */
export interface AzureAnswer {
  /** HTTP status. */
  readonly status?: number | undefined;
  /** The service's own error code, such as `Authorization_RequestDenied` or `AADSTS7000222`. */
  readonly code?: string | undefined;
  /** The id to quote to Microsoft support. */
  readonly requestId?: string | undefined;
}

/** Longest code that Microsoft documents: `Authentication_RequestFromNonPremiumTenantOrB2CTenant`, 53 characters. */
const MAX_CODE_LENGTH = 64;
const MAX_HOST_LENGTH = 100;
const MAX_LABEL_LENGTH = 40;

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The part of a service's answer that may be shown. Its text never is: a faulty proxy or service may repeat in it the
 * token, secret or assertion that was sent. Status, code and request id are kept only if they look like one.
 */
export function answer(said: {
  readonly status?: unknown;
  readonly code?: unknown;
  readonly requestId?: unknown;
}): AzureAnswer {
  return {
    status: isStatus(said.status) ? said.status : undefined,
    code: safeCode(said.code),
    requestId: safeRequestId(said.requestId),
  };
}

/**
 * A service's error code: words in letters, joined by dots or underscores, with few digits.
 *
 * @returns `undefined` for anything else, in particular pieces of tokens, keys and secrets
 */
export function safeCode(code: unknown): string | undefined {
  if (typeof code !== "string" || code.length > MAX_CODE_LENGTH) return undefined;
  if (!/^[A-Za-z][A-Za-z0-9]*(?:[._][A-Za-z0-9]+)*$/.test(code)) return undefined;
  // Base64 of `{"`, with which the parts of a token begin.
  if (code.includes("eyJ") || (code.match(/\d/g) ?? []).length > 4) return undefined;
  // Words are long. In random text, every other character changes between upper case, lower case and digits.
  const words = code.match(/[a-z]/.test(code) ? /[A-Z]?[a-z]+|[A-Z]|\d+/g : /[A-Z]+|\d+/g) ?? [];
  return code.length / words.length >= 4 ? code : undefined;
}

/** The id to quote to Microsoft, a GUID in all services; `undefined` for anything else. */
export function safeRequestId(id: unknown): string | undefined {
  return typeof id === "string" && GUID.test(id) ? id : undefined;
}

/** An origin from outside, for messages. A name that does not look like a host's could be anything, so it is not shown. */
export function safeOrigin(url: string): string {
  const { origin, hostname } = new URL(url);
  const isHost =
    hostname.length <= MAX_HOST_LENGTH &&
    /^[a-z0-9.:[\]-]+$/.test(hostname) &&
    hostname.split(".").every((label) => label.length <= MAX_LABEL_LENGTH);
  return isHost ? origin : "a host whose name is not fit to be shown";
}

/** Whether a status is a redirect. No redirect is followed: the token would travel with it. */
export function isRedirect(status: number | undefined): boolean {
  return status !== undefined && status >= 300 && status < 400;
}

function isStatus(status: unknown): status is number {
  return Number.isInteger(status) && Number(status) >= 100 && Number(status) <= 999;
}
