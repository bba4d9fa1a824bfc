import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  answerOfRefusal,
  type Refusal,
  refusalInWords,
  signInError,
} from "../../src/identity/sign-in-error.ts";

const expiredSecret: Refusal = {
  status: 401,
  error: "invalid_client",
  aadsts: 7000222,
  correlationId: "0f9c",
};

const CLIENT_ID = "6731de76-14a6-49ae-97bc-6eba6914391e";
const CONSENT_URL = "https://login.example/contoso/adminconsent";
const DOING = "getting a token";

describe("refusalInWords", () => {
  it("puts a known code in words", () => {
    const words: Record<number, RegExp> = {
      7000215: /^AADSTS7000215: the client secret is wrong/,
      7000222: /^AADSTS7000222: the client secret has expired$/,
      700027: /^AADSTS700027: the certificate is not registered/,
      700016: /^AADSTS700016: the app registration does not exist in this tenant$/,
      90002: /^AADSTS90002: the tenant does not exist in this cloud$/,
      500133: /^AADSTS500133: .*clock is wrong/,
      70025: /^AADSTS70025: the app has no federated credential$/,
      70021: /^AADSTS70021: no federated credential .* fits the assertion, or a new one does not work yet$/,
      700211: /^AADSTS700211: .* the assertion's issuer$/,
      700212: /^AADSTS700212: .* the assertion's audience$/,
      700213: /^AADSTS700213: .* the assertion's subject$/,
      700024: /^AADSTS700024: the assertion is outside its time range/,
      53003: /^AADSTS53003: Conditional Access blocks the app$/,
    };
    for (const [aadsts, expected] of Object.entries(words)) {
      assert.match(refusalInWords({ ...expiredSecret, aadsts: Number(aadsts) }), expected);
    }
  });

  it("gives an unknown code with OAuth's error", () => {
    assert.equal(refusalInWords({ ...expiredSecret, aadsts: 99999999 }), "AADSTS99999999 (invalid_client)");
  });

  it("says OAuth's error once where there is no code", () => {
    assert.equal(
      refusalInWords({ ...expiredSecret, error: "invalid_request", aadsts: undefined }),
      "invalid_request",
    );
  });
});

describe("answerOfRefusal", () => {
  it("holds status, both codes and the id to quote, and none of Entra's text", () => {
    assert.deepEqual(answerOfRefusal(expiredSecret), {
      status: 401,
      code: "invalid_client AADSTS7000222",
      requestId: "0f9c",
    });
  });

  it("does without a number", () => {
    assert.equal(answerOfRefusal({ ...expiredSecret, aadsts: undefined }).code, "invalid_client");
  });
});

describe("signInError", () => {
  it("names the tenant that the cloud does not know", () => {
    const refusal = { ...expiredSecret, status: 400, error: "invalid_request", aadsts: 90002 };
    const error = signInError(refusal, "contoso.com", CLIENT_ID, DOING, CONSENT_URL);
    assert.equal(error.code, "tenant-not-found");
    assert.match(error.message, /knows no tenant contoso\.com/);
    assert.match(error.remedy, /ROLLCALL_TENANT_ID.*ROLLCALL_CLOUD/);
  });

  it("names the app and the tenant that do not belong together", () => {
    const refusal = { ...expiredSecret, status: 400, error: "unauthorized_client", aadsts: 700016 };
    const error = signInError(refusal, "contoso.com", CLIENT_ID, DOING, CONSENT_URL);
    assert.equal(error.code, "client-not-found");
    assert.match(error.problem, /^AADSTS700016: the app registration does not exist/);
    assert.match(error.remedy, new RegExp(`ROLLCALL_CLIENT_ID \\(${CLIENT_ID}\\).*tenant contoso\\.com`));
  });

  it("gives any other refusal in words with what Azure answered", () => {
    const refusal = { ...expiredSecret, status: 400, error: "invalid_scope", aadsts: 1002012 };
    const error = signInError(refusal, "contoso.com", CLIENT_ID, DOING, CONSENT_URL);
    assert.equal(error.code, "token-refused");
    assert.equal(error.doing, DOING);
    assert.deepEqual(error.answer, { status: 400, code: "invalid_scope AADSTS1002012", requestId: "0f9c" });
    assert.match(error.message, /AADSTS1002012: the scope is not of the form \{resource\}\/\.default/);
  });
});
