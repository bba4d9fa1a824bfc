import type { AppRegistration, FederatedCredential } from "./app-registration.ts";
import { entraRefusal } from "./entra-error.ts";
import { decode, type TokenSigner } from "./token.ts";

/** Names of the resource "Azure AD Token Exchange", by cloud; all have one application id. */
export const EXCHANGE_AUDIENCES: readonly string[] = [
  "api://AzureADTokenExchange",
  "api://AzureADTokenExchangeUSGov",
  "api://AzureADTokenExchangeChina",
];

/** Its application id, which is the audience of its tokens. */
export const EXCHANGE_APP_ID = "fb60f99c-7a34-4190-8149-302f77469936";

/**
 * Checks another issuer's token that is presented as an assertion: it must match one of the app's federated credentials
 * to the letter, be signed by its issuer, and be valid now
 * (learn.microsoft.com/entra/workload-id/workload-identity-federation).
 *
 * @param signer of this tenant, whose keys are the only ones that are published
 * @throws {Refusal} if it is not valid
 */
export function checkFederatedAssertion(assertion: string, app: AppRegistration, signer: TokenSigner): void {
  const [head = "", body = ""] = assertion.split(".");
  const claims = decode(body);
  if (claims === undefined) throw refused(50027, "JWT token is invalid or malformed.");
  matchCredential(claims, app);
  if (!signer.hasKey(decode(head)?.kid)) {
    throw refused(
      7000272,
      `The certificate with identifier used to sign the federated credential could not be found in the metadata of identity provider ${claims.iss}. Please validate that your Identity Provider's metadata exposes the key used to sign the incoming token.`,
    );
  }
  const problem = signer.read(assertion);
  if (problem === "expired") {
    throw refused(
      700024,
      `Client assertion is not within its valid time range. Current time: ${new Date().toISOString()}, expiry time of assertion ${new Date(Number(claims.exp) * 1000).toISOString()}.`,
    );
  }
  if (typeof problem === "string") {
    throw refused(
      50013,
      "Assertion failed signature validation. [Reason - The provided signature value did not match the expected signature value.]",
    );
  }
}

/** Issuer first, then subject, then audience. */
function matchCredential({ iss, sub, aud }: Readonly<Record<string, unknown>>, app: AppRegistration): void {
  const all = app.federatedCredentials;
  if (all.length === 0) {
    throw refused(
      70025,
      `The client '${app.clientId}'(rollcall) has no configured federated identity credentials.`,
    );
  }
  const ofIssuer = all.filter(({ issuer }) => issuer === iss);
  if (ofIssuer.length === 0) throw noMatch(700211, "issuer", iss);
  const ofSubject = ofIssuer.filter(({ subject }) => subject === sub);
  if (ofSubject.length === 0) {
    const isNearly = ofIssuer.some(({ subject }) => subject.toLowerCase() === String(sub).toLowerCase());
    throw noMatch(isNearly ? 7002138 : 700213, "subject", sub);
  }
  if (!ofSubject.some((credential) => takes(credential, aud))) throw noMatch(700212, "audience", aud);
}

function takes({ audience }: FederatedCredential, aud: unknown): boolean {
  return audience === aud || (aud === EXCHANGE_APP_ID && EXCHANGE_AUDIENCES.includes(audience));
}

function noMatch(number: number, what: string, value: unknown): Error {
  return refused(
    number,
    `No matching federated identity record found for presented assertion ${what} '${value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`,
  );
}

function refused(number: number, message: string): Error {
  return entraRefusal(401, "invalid_client", number, message);
}
