import type { AzureAnswer } from "../answer.ts";
import { RollcallError } from "../error.ts";
import { tenantNotFound } from "./tenant-id.ts";

/** A refused token request, as Entra words it. */
export interface Refusal {
  readonly status: number | undefined;
  /** OAuth's `error`: the contract, and what Rollcall branches on. */
  readonly error: string;
  /** The first AADSTS number; `undefined` when there is none. Picks words and remedies only. */
  readonly aadsts: number | undefined;
  /** Entra's correlation id. */
  readonly correlationId: string | undefined;
}

/**
 * AADSTS codes in words.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const WORDS: Readonly<Record<number, string>> = {
  7000215: "the client secret is wrong (perhaps the secret's id was stored in place of its value)",
  7000222: "the client secret has expired",
  700027: "the certificate is not registered with the app, has expired there, or does not fit the key",
  700016: "the app registration does not exist in this tenant",
  90002: "the tenant does not exist in this cloud",
  1002012: "the scope is not of the form {resource}/.default",
  500011:
    "Microsoft Graph of that host is unknown in this tenant (ROLLCALL_GRAPH_URL or ROLLCALL_CLOUD is wrong)",
  53003: "Conditional Access blocks the app",
  50027: "the signed assertion is malformed",
  50013: "the assertion's signature is wrong",
  70021: "no federated credential of the app fits the assertion, or a new one does not work yet",
  70025: "the app has no federated credential",
  700211: "no federated credential of the app has the assertion's issuer",
  700212: "no federated credential of the app has the assertion's audience",
  700213: "no federated credential of the app has the assertion's subject",
  7002137: "no federated credential of the app has the assertion's subject in this form",
  7002138: "a federated credential of the app has the assertion's subject in other upper and lower case",
  7000272: "the issuer does not publish the key that signed the assertion",
  700024: "the assertion is outside its time range (it has expired, or this machine's clock is wrong)",
  500133: "the signed assertion is outside its time range (this machine's clock is wrong)",
  700025: "the app is registered as a public client, which takes no secret",
  90033: "Entra has a passing fault",
};

/** A federated credential that does not fit; Entra has called it both `invalid_client` and `invalid_request`. */
const NO_FEDERATED_CREDENTIAL: readonly (number | undefined)[] = [
  ...[70021, 70025, 700211, 700212, 700213, 7002137, 7002138],
];

/** Whether the credential was refused, so that another one may be taken. */
export function isAboutCredential({ error, aadsts }: Refusal): boolean {
  return error === "invalid_client" || NO_FEDERATED_CREDENTIAL.includes(aadsts);
}

/** `AADSTS7000222: the client secret has expired`. */
export function refusalInWords({ error, aadsts }: Refusal): string {
  if (aadsts === undefined) return error;
  const words = WORDS[aadsts];
  return words ? `AADSTS${aadsts}: ${words}` : `AADSTS${aadsts} (${error})`;
}

/** The error for a refusal that no other version of the credential can mend. */
export function signInError(
  refusal: Refusal,
  tenant: string,
  clientId: string,
  doing: string,
  consentUrl: string,
): RollcallError {
  if (refusal.aadsts === 90002) return tenantNotFound(tenant, doing, refusal.status);
  const answer = answerOfRefusal(refusal);
  const problem = refusalInWords(refusal);
  if (refusal.error === "unauthorized_client") {
    return new RollcallError("client-not-found", {
      doing,
      problem,
      answer,
      remedy:
        `Check ROLLCALL_CLIENT_ID (${clientId}) against the app registration, and that it is in tenant ${tenant}. ` +
        `If it is registered in another tenant, have an administrator of this one consent at ${consentUrl} .`,
    });
  }
  return new RollcallError("token-refused", {
    doing,
    problem,
    answer,
    remedy:
      "Look the AADSTS code up at https://login.microsoftonline.com/error and in the app's sign-in log.",
  });
}

/** A refusal as an answer for messages; Entra's own text is left out because it repeats the words. */
export function answerOfRefusal({ status, error, aadsts, correlationId }: Refusal): AzureAnswer {
  return {
    status,
    code: aadsts === undefined ? error : `${error} AADSTS${aadsts}`,
    requestId: correlationId,
  };
}
