import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatJws, MAX_JWS_BYTES, parseJws, signingInput } from "../../src/signature/jws.ts";
import { encode, entryOf } from "../support/local-signer.ts";

const manifest = Buffer.from('{"schema":"rollcall.snapshot/2"}\n');
const entry = entryOf();
const signature = Buffer.alloc(64, 7);
const jws = formatJws(entry, signature);

function problemOf(text: string): string {
  const parsed = parseJws(Buffer.from(text));
  return "problem" in parsed ? parsed.problem : assert.fail(`it was taken: ${text}`);
}

/** A JWS of another header. */
function withHeader(header: string): string {
  return `${encode(header)}..${signature.toString("base64url")}`;
}

describe("a detached JWS", () => {
  it("is header, nothing, signature; the header is alg and kid", () => {
    const [header = "", payload, encoded = ""] = jws.split(".");
    assert.equal(
      Buffer.from(header, "base64url").toString(),
      `{"alg":"ES256","kid":"https://contoso-vault.vault.azure.net/keys/manifest-key/${"0".repeat(32)}"}`,
    );
    assert.equal(payload, "");
    assert.deepEqual(Buffer.from(encoded, "base64url"), signature);
  });

  it("is signed over header and manifest, each in base64url", () => {
    const [header] = jws.split(".");
    assert.equal(signingInput(entry, manifest).toString(), `${header}.${encode(manifest.toString())}`);
  });

  it("is read as it was written", () => {
    const [header, , encoded] = jws.split(".");
    assert.deepEqual(parseJws(Buffer.from(jws)), { ...entry, protected: header, signature: encoded });
  });

  it("has room for the longest key id and the largest RSA key", () => {
    const kid = `https://${"n".repeat(24)}.vault.usgovcloudapi.net/keys/${"k".repeat(127)}/${"f".repeat(32)}`;
    const longest = formatJws({ alg: "PS256", kid }, Buffer.alloc(512, 1));
    assert.ok(longest.length < MAX_JWS_BYTES / 3 + 100, `${longest.length}`);
    assert.ok(!("problem" in parseJws(Buffer.from(longest))));
  });

  it("is refused with a payload of its own, and with more or fewer parts", () => {
    assert.match(problemOf(jws.replace("..", `.${encode("{}")}.`)), /payload of its own/);
    assert.match(problemOf(jws.replace("..", ".")), /payload of its own/);
    assert.match(problemOf(jws.replace("..", "")), /three parts/);
    assert.match(problemOf(`${jws}.`), /three parts/);
    assert.match(problemOf(""), /three parts/);
    assert.match(problemOf(".."), /canonical/);
    assert.match(problemOf(jws.slice(0, jws.lastIndexOf(".") + 1)), /canonical/);
  });

  it("is refused unless its base64url is canonical", () => {
    for (const text of [`${jws}=`, `${jws}\n`, ` ${jws}`, jws.replace("..", "=..")]) {
      assert.match(problemOf(text), /canonical/);
    }
    // 64 bytes leave four bits over in the last character, which must be 0.
    assert.match(problemOf(`${jws.slice(0, -1)}x`), /canonical/);
    assert.match(problemOf(`${jws.slice(0, -2)}+w`), /canonical/);
  });

  it("is refused with any algorithm but ES256 and PS256", () => {
    const { kid } = entry;
    for (const alg of [
      "none",
      "None",
      "",
      "HS256",
      "RS256",
      "ES256K",
      "ES384",
      "es256",
      null,
      1,
      ["ES256"],
    ]) {
      assert.match(problemOf(withHeader(JSON.stringify({ alg, kid }))), /neither ES256 nor PS256/);
    }
    assert.match(problemOf(withHeader(JSON.stringify({ kid }))), /neither ES256 nor PS256/);
  });

  it("is refused with a header that holds anything else, twice, or in another order", () => {
    const { alg, kid } = entry;
    for (const header of [
      JSON.stringify({ alg, kid, crit: ["b64"], b64: false }),
      JSON.stringify({ alg, kid, b64: false }),
      JSON.stringify({ alg, kid, jwk: { kty: "EC" } }),
      JSON.stringify({ alg, kid, jku: "https://elsewhere.example/keys" }),
      JSON.stringify({ alg, kid, x5c: [] }),
      JSON.stringify({ kid, alg }),
      `{"alg":"none","alg":"ES256","kid":"${kid}"}`,
      `{"alg":"ES256", "kid":"${kid}"}`,
      `{"\\u0061lg":"ES256","kid":"${kid}"}`,
      `\u{feff}${JSON.stringify({ alg, kid })}`,
    ]) {
      assert.match(problemOf(withHeader(header)), /more than "alg" and "kid"/);
    }
  });

  it("is refused with a header that is no object", () => {
    for (const header of ["null", "1", '"ES256"', "[", "\u0000"]) {
      assert.match(problemOf(withHeader(header)), /not a JSON object/);
    }
  });

  it("is refused with a kid that is no version of a key", () => {
    const version = "0".repeat(32);
    for (const kid of [
      undefined,
      1,
      "",
      "key-1",
      "https://contoso-vault.vault.azure.net/keys/manifest-key",
      `http://contoso-vault.vault.azure.net/keys/manifest-key/${version}`,
      `https://contoso-vault.vault.azure.net/secrets/manifest-key/${version}`,
      `https://contoso-vault.vault.azure.net/keys/manifest-key/${version}/`,
      `https://contoso-vault.vault.azure.net/keys/manifest-key/${version}?x=1`,
      `https://contoso-vault.vault.azure.net@elsewhere.example/keys/manifest-key/${version}`,
      `https://contoso-vault.vault.azure.net/x/../keys/manifest-key/${version}`,
      `https://${"a".repeat(600)}/keys/manifest-key/${version}`,
    ]) {
      assert.match(problemOf(withHeader(JSON.stringify({ alg: "ES256", kid }))), /not the id of a version/);
    }
  });

  it("is refused when it is huge, before it is looked at", () => {
    assert.match(problemOf("A".repeat(MAX_JWS_BYTES + 1)), /larger than 4096 bytes/);
    assert.match(problemOf(`${jws}${"A".repeat(10_000_000)}`), /larger than 4096 bytes/);
  });
});
