import { isRedirect, safeCode } from "../answer.ts";
import { RollcallError } from "../error.ts";
import { proxyRefusal } from "../http/refused-way.ts";
import { answerOf, asIdentityError, isRestError, networkCodeOf } from "../identity/azure-answer.ts";

/** By error code: see {@link whyWithheld}. */
const WITHHELD: ReadonlyMap<string | undefined, string> = new Map([
  ["BlobArchived", "the blob is in the archive tier; set its tier to Hot, which takes hours"],
  ["BlobBeingRehydrated", "the blob is still being moved out of the archive tier"],
  ["BlobUsesCustomerSpecifiedEncryption", "the blob is encrypted with a customer-provided key"],
]);

/** HTTP status of a storage SDK error; `undefined` for anything else. */
export function statusOf(error: unknown): number | undefined {
  return isRestError(error) ? error.statusCode : undefined;
}

/** The service's time in its refusal; `undefined` if there was no response, or it had no date. */
export function serviceTimeOf(error: unknown): Date | undefined {
  const date = isRestError(error) ? error.response?.headers.get("date") : undefined;
  const time = new Date(date ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/**
 * Whether the connection ended within an answer's body, or was given up because it fell silent. The SDK does not try that
 * again, and throws what it throws when a signal is aborted; so look at the caller's signal first.
 */
export function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** Turns an error of the storage SDK, or of the identity behind it, into one with a remedy. None of its text is kept. */
export function asStorageError(error: unknown, doing: string): RollcallError {
  if (error instanceof RollcallError) return error;
  const answer = answerOf(error);
  const code = networkCodeOf(error);
  if (answer?.status === 407) return proxyRefusal(answer.status, doing);
  const isIncomplete = code !== undefined || isBrokenOff(error);
  if (isIncomplete || (answer?.status !== undefined && answer.status >= 500) || answer?.status === 429) {
    return new RollcallError("storage-unavailable", {
      doing,
      problem: isIncomplete
        ? `no complete answer arrived (${code ?? "the connection broke off or fell silent"})`
        : "the storage account is unavailable",
      answer,
      remedy: isAboutTrust(code)
        ? "Node does not trust the authority that issued its certificate: name that authority in NODE_EXTRA_CA_CERTS."
        : "Check ROLLCALL_STORAGE, and that the account's firewall, DNS and any proxy (HTTPS_PROXY) let the caller through.",
    });
  }
  if (answer?.status === 401 || answer?.status === 403) {
    return new RollcallError("storage-denied", {
      doing,
      problem: "the storage account refused the identity",
      answer,
      remedy:
        'Give it the role "Storage Blob Data Contributor" on the container ("Storage Blob Data Reader" to read only), ' +
        "and let it through the account's firewall. A new role assignment takes minutes to work.",
    });
  }
  if (isRedirect(answer?.status)) {
    return new RollcallError("storage-refused", {
      doing,
      problem:
        "the address answers with a redirect; it was not followed, because the token would travel with it",
      answer,
      remedy: "Check ROLLCALL_STORAGE, and look for a proxy in between that asks for a sign-in.",
    });
  }
  if (answer !== undefined) {
    return new RollcallError("storage-refused", {
      doing,
      problem: "the storage account refused the request",
      answer,
      remedy:
        "Check ROLLCALL_STORAGE and ROLLCALL_CONTAINER, and policies (immutability, locks) on the account.",
    });
  }
  return asIdentityError(error, doing) ?? notUnderstood(error, doing);
}

/** For the errors that the SDK throws when it cannot parse an answer. Their messages quote the answer. */
function notUnderstood(error: unknown, doing: string): RollcallError {
  const name = error instanceof Error ? safeCode(error.name) : undefined;
  return new RollcallError("storage-refused", {
    doing,
    problem: `the storage account's answer was not understood (${name ?? "Error"})`,
    remedy:
      "Check that ROLLCALL_STORAGE is a blob service, and look for a proxy in between; run `rollcall doctor`.",
  });
}

/** OpenSSL's codes for a certificate from an untrusted authority, for example behind a proxy that intercepts TLS. */
function isAboutTrust(code: string | undefined): boolean {
  return (
    code !== undefined && /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_UNTRUSTED)/.test(code)
  );
}

/** Why the service refuses to serve a blob that exists, a clause without a full stop; `undefined` for any other error. */
export function whyWithheld(error: unknown): string | undefined {
  return WITHHELD.get(answerOf(error)?.code);
}

/** Whether the same write may succeed if it is repeated. For 409 and 412, the blob has been found not to exist. */
export function maySucceedLater(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return networkCodeOf(error) !== undefined;
  return status >= 500 || [408, 409, 412, 429].includes(status);
}

/** The error for a blob that is written once and is there already. */
export function existsAlready(doing: string): RollcallError {
  return new RollcallError("snapshot-exists", {
    doing,
    problem: "a blob of that name already exists, with other content",
    remedy: "Nothing was overwritten. Run again: each run writes to a folder of its own.",
  });
}

/** The error for a container that anybody can read. */
export function publicContainer(doing: string): RollcallError {
  return new RollcallError("container-public", {
    doing,
    problem: "anyone on the internet can read the container",
    remedy:
      "Nothing was written. Set its public access level to private, or name another ROLLCALL_CONTAINER.",
  });
}
