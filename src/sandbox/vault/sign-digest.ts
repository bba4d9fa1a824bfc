import { constants, createECDH, createHash, type KeyObject, privateEncrypt, randomBytes } from "node:crypto";

/** SHA-256, for both algorithms. */
const DIGEST_BYTES = 32;

/** Order of the group of P-256 (FIPS 186-5, SP 800-186). */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * ES256 over a digest: R and S, 32 bytes each, as RFC 7518 and Key Vault have it. Node signs messages only, never a
 * digest, so the last step of ECDSA stands here. It does not run in constant time: for the sandbox's keys alone.
 */
export function signEs256(privateKey: KeyObject, digest: Buffer): Buffer {
  const secret = toBigInt(Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"));
  for (;;) {
    const once = createECDH("prime256v1");
    // The first byte of an uncompressed point says that it is one; X follows.
    const r = toBigInt(once.generateKeys().subarray(1, 33)) % P256_ORDER;
    const s = modulo(inverse(toBigInt(once.getPrivateKey())) * (toBigInt(digest) + r * secret));
    if (r !== 0n && s !== 0n) return Buffer.concat([toBytes(r), toBytes(s)]);
  }
}

/** PS256 over a digest: RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt as long as the digest (RFC 8017, 9.1.1). */
export function signPs256(privateKey: KeyObject, digest: Buffer, bits: number): Buffer {
  const salt = randomBytes(DIGEST_BYTES);
  const hash = sha256(Buffer.alloc(8), digest, salt);
  const block = Buffer.alloc(bits / 8 - DIGEST_BYTES - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);
  const mask = mgf1(hash, block.length);
  const masked = Buffer.from(block.map((byte, at) => byte ^ (mask[at] ?? 0)));
  // The encoded message has one bit less than the modulus.
  masked[0] = (masked[0] ?? 0) & 0x7f;
  const encoded = Buffer.concat([masked, hash, Buffer.of(0xbc)]);
  return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded);
}

function mgf1(seed: Buffer, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * DIGEST_BYTES < length; counter++) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    blocks.push(sha256(seed, number));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function sha256(...pieces: readonly Buffer[]): Buffer {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

/** By the extended Euclidean algorithm. */
function inverse(value: bigint): bigint {
  let [former, rest] = [P256_ORDER, value];
  let [formerFactor, factor] = [0n, 1n];
  while (rest !== 0n) {
    const quotient = former / rest;
    [former, rest] = [rest, former - quotient * rest];
    [formerFactor, factor] = [factor, formerFactor - quotient * factor];
  }
  return modulo(formerFactor);
}

function modulo(value: bigint): bigint {
  return ((value % P256_ORDER) + P256_ORDER) % P256_ORDER;
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex")}`);
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}
