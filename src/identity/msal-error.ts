import { AuthError, InteractionRequiredAuthError, ServerError } from "@azure/msal-node";
import { answer, safeCode, safeRequestId } from "../answer.ts";
import { RollcallError } from "../error.ts";
import type { Refusal } from "./sign-in-error.ts";

/**
 * What Entra refused, of MSAL's error only what looks like a code, a number and an id: the rest is text of the answer.
 *
 * @returns `undefined` for an error that is no refusal
 */
export function asRefusal(error: unknown): Refusal | undefined {
  if (!(error instanceof ServerError || error instanceof InteractionRequiredAuthError)) return undefined;
  const number = Number(error.errorNo ?? /AADSTS(\d{1,9})\b/.exec(error.errorMessage)?.[1]);
  return {
    status: "status" in error ? answer({ status: error.status }).status : undefined,
    error: safeCode(error.errorCode) ?? "an error without a code",
    aadsts: Number.isInteger(number) && number > 0 && number < 1e9 ? number : undefined,
    correlationId: safeRequestId(error.correlationId),
  };
}

/** The error for what MSAL throws besides refusals; its messages quote the answer. */
export function asTokenError(error: unknown, doing: string): RollcallError {
  if (error instanceof RollcallError) return error;
  const code = error instanceof AuthError ? error.errorCode : error instanceof Error && error.name;
  return new RollcallError("token-unavailable", {
    doing,
    problem: `MSAL gave up (${safeCode(code) ?? "no known code"})`,
    remedy: "Check ROLLCALL_AUTHORITY_HOST and the tenant; `rollcall doctor` tries each step by itself.",
  });
}
