import { isRedirect, safeCode } from "../answer.ts";
import { RollcallError } from "../error.ts";
import { proxyRefusal } from "../http/refused-way.ts";
import { answerOf, asIdentityError, isRestError, networkCodeOf } from "../identity/azure-answer.ts";

/** HTTP status of a storage SDK error; `undefined` for anything else. */
export function statusOf(error: unknown): number | undefined {
  return isRestError(error) ? error.statusCode : undefined;
}

/** What time the service said it was when it refused; `undefined` when no answer came, or one without a date. */
export function serviceTimeOf(error: unknown): Date | undefined {
  const date = isRestError(error) ? error.response?.headers.get("date") : undefined;
  const time = new Date(date ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Turns an error of the storage SDK, or of the identity before it, into one with a remedy; keeps none of its text. */
export function asStorageError(error: unknown, doing: string): RollcallError {
  if (error instanceof RollcallError) return error;
  const answer = answerOf(error);
  const code = networkCodeOf(error);
  if (answer?.status === 407) return proxyRefusal(answer.status, doing);
  if (
    code !== undefined ||
    (answer?.status !== undefined && answer.status >= 500) ||
    answer?.status === 429
  ) {
    return new RollcallError("storage-unavailable", {
      doing,
      problem: code === undefined ? "the storage account does not serve" : `no whole answer came (${code})`,
      answer,
      remedy: isAboutTrust(code)
        ? "Its certificate is of an authority that Node does not trust: name that authority in NODE_EXTRA_CA_CERTS."
        : "Check ROLLCALL_STORAGE and that the account's firewall, DNS and any proxy (HTTPS_PROXY) let the caller through.",
    });
  }
  if (answer?.status === 401 || answer?.status === 403) {
    return new RollcallError("storage-denied", {
      doing,
      problem: "the storage account refused the identity",
      answer,
      remedy:
        'Give it the role "Storage Blob Data Contributor" on the container ("Storage Blob Data Reader" to read only), ' +
        "and let it through the account's firewall; a new assignment takes minutes to work.",
    });
  }
  if (isRedirect(answer?.status)) {
    return new RollcallError("storage-refused", {
      doing,
      problem: "the address answers with a redirect; it was not followed, as the token would travel there",
      answer,
      remedy: "Check ROLLCALL_STORAGE, and for a proxy in between that wants a sign-in.",
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

/** For what the SDK throws at an answer that makes no sense to it; its message quotes the answer. */
function notUnderstood(error: unknown, doing: string): RollcallError {
  const name = error instanceof Error ? safeCode(error.name) : undefined;
  return new RollcallError("storage-refused", {
    doing,
    problem: `the storage account's answer was not understood (${name ?? "Error"})`,
    remedy:
      "Check that ROLLCALL_STORAGE is a blob service, and for a proxy in between; `rollcall doctor` tells.",
  });
}

/** OpenSSL's words for a certificate that leads to no trusted authority, as behind a proxy that opens TLS. */
function isAboutTrust(code: string | undefined): boolean {
  return (
    code !== undefined && /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_UNTRUSTED)/.test(code)
  );
}
