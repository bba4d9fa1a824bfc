import { constants, verify } from "node:crypto";
import type { AppCertificate, AppRegistration } from "./app-registration.ts";
import { entraRefusal } from "./entra-error.ts";
import { decode } from "./token.ts";

/** How far the caller's clock may be off. */
const SKEW_SECONDS = 60;

/** Documentation advises five to ten minutes (learn.microsoft.com/entra/identity-platform/certificate-credentials). */
const MAX_LIFETIME_SECONDS = 15 * 60;

/** Whether an assertion is signed with a certificate, which its header then names, and is not another issuer's token. */
export function namesCertificate(assertion: string): boolean {
  const header = decode(assertion.split(".")[0] ?? "");
  return header === undefined || "x5t" in header || "x5t#S256" in header;
}

/**
 * Checks a client assertion as Entra does: key, signature, audience, issuer, subject and time.
 *
 * @param audiences the URLs of the token endpoint that `aud` may have
 * @throws {Refusal} if it is not valid
 */
export function checkAssertion(assertion: string, app: AppRegistration, audiences: readonly string[]): void {
  const [head = "", body = "", signature = "", ...rest] = assertion.split(".");
  const header = decode(head);
  const claims = decode(body);
  if (header === undefined || claims === undefined || signature === "" || rest.length > 0)
    throw malformed("it is no JWT");
  const certificate = findCertificate(header, app);
  const genuine = verify(
    "sha256",
    Buffer.from(`${head}.${body}`),
    header.alg === "PS256"
      ? {
          key: certificate.publicKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }
      : certificate.publicKey,
    Buffer.from(signature, "base64url"),
  );
  if (!genuine)
    throw untrusted("The key was found, but the signature of the assertion could not be validated.");
  if (certificate.expiresOn.getTime() < Date.now()) throw untrusted("The key used is expired.");
  if (claims.iss !== app.clientId || claims.sub !== app.clientId)
    throw malformed("iss and sub must be the client id");
  if (typeof claims.aud !== "string" || !audiences.includes(claims.aud))
    throw malformed("aud is not the token endpoint");
  if (typeof claims.jti !== "string" || claims.jti === "") throw malformed("jti is missing");
  checkTime(claims.nbf, claims.exp);
}

function findCertificate(header: Readonly<Record<string, unknown>>, app: AppRegistration): AppCertificate {
  const { alg, x5t: sha1, "x5t#S256": sha256 } = header;
  if (alg !== "PS256" && alg !== "RS256") throw malformed("alg must be PS256 or RS256");
  if (sha1 === undefined && sha256 === undefined) throw malformed("the header names no certificate");
  if (alg === "PS256" && sha256 === undefined) throw malformed("PS256 goes with x5t#S256");
  const certificate = app.findCertificate({ sha1: sha1 ?? null, sha256: sha256 ?? null });
  if (certificate === undefined) throw untrusted("The key was not found.");
  return certificate;
}

function checkTime(notBefore: unknown, expires: unknown): void {
  const now = Date.now() / 1000;
  if (typeof notBefore !== "number" || typeof expires !== "number")
    throw malformed("nbf and exp are required");
  if (
    notBefore > now + SKEW_SECONDS ||
    expires < now - SKEW_SECONDS ||
    expires - notBefore > MAX_LIFETIME_SECONDS
  ) {
    throw entraRefusal(401, "invalid_client", 500133, "Assertion is not within its valid time range.");
  }
}

function malformed(reason: string): Error {
  return entraRefusal(401, "invalid_client", 50027, `JWT token is invalid or malformed: ${reason}.`);
}

function untrusted(reason: string): Error {
  const message = `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - ${reason}]`;
  return entraRefusal(401, "invalid_client", 700027, message);
}
