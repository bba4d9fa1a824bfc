import { type AzureAnswer, safeCode } from "./answer.ts";

/**
 * All failures that an operator can act on. The codes are a contract: alerts and scripts match on them. docs/errors.md
 * lists each with its remedy (a test checks that the lists are equal).
 */
export const ERROR_CODES = [
  "usage-invalid",
  "settings-invalid",
  "tenant-list-unusable",
  "tenant-message-invalid",
  "tenant-given-up",
  "queue-unusable",
  "lock-held",
  "lock-lost",
  "clock-wrong",
  "time-budget-exceeded",
  "proxy-refused",
  "redirect-refused",
  "terminated",
  "identity-unavailable",
  "vault-unreachable",
  "vault-denied",
  "vault-refused",
  "signing-failed",
  "verification-key-unusable",
  "predecessor-unsigned",
  "credential-not-found",
  "credential-unusable",
  "certificate-unreadable",
  "credential-rejected",
  "tenant-not-found",
  "client-not-found",
  "token-refused",
  "token-unavailable",
  "graph-token-refused",
  "graph-permission-missing",
  "graph-licence-missing",
  "graph-properties-refused",
  "graph-request-refused",
  "graph-throttled",
  "graph-unavailable",
  "graph-page-invalid",
  "graph-page-token-expired",
  "next-link-foreign",
  "next-link-repeated",
  "count-missing",
  "count-contradicted",
  "listing-short",
  "listing-empty",
  "listing-shrunk",
  "storage-denied",
  "storage-unavailable",
  "storage-refused",
  "container-public",
  "snapshot-exists",
  "snapshot-not-found",
  "snapshot-damaged",
  "chain-broken",
  "manifest-unsupported",
  "output-unwritable",
  "unexpected",
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The parts of a failure's message. None of them may hold a secret, token, assertion, private key or SAS. */
export interface Failure {
  /** What was being done and to what: `reading page 7 of the users`. */
  readonly doing: string;
  /** What went wrong, a clause without a full stop. */
  readonly problem: string;
  /** What to do next, one or more sentences. */
  readonly remedy: string;
  /** What Azure answered. Absent if there was no answer, or no request. */
  readonly answer?: AzureAnswer | undefined;
}

/**
 * The only error that Rollcall throws on purpose; any other error that ends a run is reported as `unexpected`. It never
 * has a `cause`: the Functions host prints causes, and an SDK's error holds the request with its token.
 */
export class RollcallError extends Error {
  override readonly name = "RollcallError";
  readonly code: ErrorCode;
  readonly doing: string;
  readonly problem: string;
  readonly remedy: string;
  readonly answer: AzureAnswer | undefined;

  constructor(code: ErrorCode, failure: Failure) {
    super(sentence(failure));
    this.code = code;
    this.doing = failure.doing;
    this.problem = failure.problem;
    this.remedy = failure.remedy;
    this.answer = failure.answer;
  }

  /** The fields that may be logged. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      doing: this.doing,
      problem: this.problem,
      remedy: this.remedy,
      ...(this.answer && { azure: this.answer }),
    };
  }
}

/**
 * Turns anything that was thrown into a {@link RollcallError}, so that every failed run has a code and a remedy. Of other
 * errors, only the name, the code and the line in our own code are shown: a message may quote a service's answer.
 *
 * @param doing what was being done when it was thrown
 */
export function asRollcallError(error: unknown, doing = "taking a snapshot"): RollcallError {
  if (error instanceof RollcallError) return error;
  // Thrown if cleaning up failed as well. The first failure is the one to report.
  if (isSuppressedError(error)) return asRollcallError(error.suppressed, doing);
  return new RollcallError("unexpected", {
    doing,
    problem: error instanceof Error ? kindAndPlace(error) : "something that is not an Error was thrown",
    remedy:
      "Nothing was published. Run `rollcall doctor`; if it finds nothing, report this with the log line.",
  });
}

/** By its name: Node 22 has no such class, and what is compiled for it makes one of its own. */
function isSuppressedError(error: unknown): error is SuppressedError {
  return error instanceof Error && error.name === "SuppressedError" && "suppressed" in error;
}

/** `TypeError ERR_INVALID_URL at src/graph/page.ts:66`. */
function kindAndPlace(error: Error): string {
  const code = safeCode((error as NodeJS.ErrnoException).code);
  const place = placeOf(error);
  return [safeCode(error.name) ?? "Error", ...(code ? [code] : []), ...(place ? [`at ${place}`] : [])].join(
    " ",
  );
}

/** The installed package is below a `node_modules` itself. Compiled code has long lines, so that the column counts. */
const OWN_FRAME =
  /^ {4}at (?!.*node_modules\/(?!@rollcall\/rollcall\/lib\/)).*\b((?:src|functions|dist|lib)\/[\w/-]+\.(?:ts:\d+(?=:)|js:\d+:\d+))(?::\d+)?\)?$/m;

/** The innermost line in our own code. Only the frames after the message count, because a message may contain anything. */
function placeOf({ stack = "", message }: Error): string | undefined {
  const at = stack.indexOf(message);
  const frames = at < 0 ? "" : stack.slice(at + message.length);
  return OWN_FRAME.exec(frames)?.[1];
}

function sentence({ doing, problem, answer, remedy }: Failure): string {
  const said = answer && describeAnswer(answer);
  return `${doing}: ${problem}.${said ? ` Azure answered ${said}.` : ""} ${remedy}`;
}

/** An answer as text: `403 Authorization_RequestDenied (request id …)`. */
export function describeAnswer(answer: AzureAnswer): string {
  const words = [answer.status, answer.code];
  const head = words.filter((word) => word !== undefined && word !== "").join(" ");
  return answer.requestId ? `${head || "an error"} (request id ${answer.requestId})` : head;
}
