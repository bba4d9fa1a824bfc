import { readFileSync } from "node:fs";

const CERTIFICATES = new URL("../fixtures/certificates/", import.meta.url);

/** Text of a file among the test certificates. */
export function pemFixture(name: string): string {
  return readFileSync(new URL(name, CERTIFICATES), "utf8");
}

/** A PKCS#12 file among the test certificates, as Key Vault gives it: base64. */
export function pfxFixture(name: string): string {
  return readFileSync(new URL(name, CERTIFICATES)).toString("base64");
}
