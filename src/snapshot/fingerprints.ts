import { createHash, hash } from "node:crypto";
import { releaseBody } from "../http/gunzip.ts";
import { GUID_WORDS } from "../rows/guid.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { fingerprintsPartName, type RunFolder } from "./layout.ts";
import type { FinishedPart, Part, PartEntry } from "./part.ts";
import { readBody } from "./part-body.ts";
import type { PartKind } from "./part-writer.ts";

/** 32-bit words of a digest. */
export const DIGEST_WORDS = 2;
/** 32-bit words of a fingerprint: the user's object id, then the digest of the user's line. */
export const FINGERPRINT_WORDS = GUID_WORDS + DIGEST_WORDS;
/** Bytes of a fingerprint in its blob. */
export const FINGERPRINT_BYTES = 4 * FINGERPRINT_WORDS;

/** A part is closed when it has this many bytes: some 175,000 users. */
export const MAX_FINGERPRINT_PART_BYTES = 4 * 2 ** 20;

/** The fingerprints of a run: one after another, in the order of the users' lines. */
export const FINGERPRINTS: PartKind = {
  nameOf: fingerprintsPartName,
  contentType: "application/octet-stream",
  maxContentBytes: MAX_FINGERPRINT_PART_BYTES,
  openPart: () => new FingerprintPart(),
};

/**
 * The digest of a user's line: the first 64 bits of its SHA-256. It is only ever compared with the digest of the same
 * user's line in another run, so chance never makes two agree, and nobody finds a line that agrees with one that is given.
 * Who may write a user's properties before both runs can find two lines that agree, with some 2^32 hashes.
 *
 * @param line without its line feed
 * @param into receives two words from `at` on
 */
export function digestLine(line: Uint8Array, into: Uint32Array, at: number): void {
  // As a string, because a buffer for each user costs more than the hash.
  const digest = hash("sha256", line, "binary");
  for (let word = 0; word < DIGEST_WORDS; word++) {
    const from = 4 * word;
    into[at + word] =
      (digest.charCodeAt(from) << 24) |
      (digest.charCodeAt(from + 1) << 16) |
      (digest.charCodeAt(from + 2) << 8) |
      digest.charCodeAt(from + 3);
  }
}

/** Fingerprints as bytes: each word with its highest byte first, as the id is written. */
export function fingerprintBytes(words: Uint32Array): Buffer {
  const bytes = Buffer.allocUnsafe(words.length * 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let word = 0; word < words.length; word++) view.setUint32(4 * word, words[word] ?? 0);
  return bytes;
}

/**
 * The fingerprints of a run, {@link FINGERPRINT_WORDS} words for each user.
 *
 * @throws {SnapshotDamaged} naming the blob that is not the one in the manifest
 */
export async function readFingerprints(
  container: Container,
  folder: RunFolder,
  parts: readonly PartEntry[],
): Promise<Uint32Array> {
  const users = parts.reduce((sum, part) => sum + part.users, 0);
  const words = roomFor(users, `${folder.path}/${parts[0]?.name}`);
  let word = 0;
  for (const part of parts) {
    const path = `${folder.path}/${part.name}`;
    if (part.bytes !== part.users * FINGERPRINT_BYTES) {
      throw new SnapshotDamaged(path, `${part.users} users do not fill its ${part.bytes} bytes`);
    }
    const body = await readBody(container, path, part);
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    for (let at = 0; at < body.length; at += 4) words[word++] = view.getUint32(at);
    releaseBody(body);
  }
  return words;
}

/** A manifest may say any number: one for which there is no room is damage like any other. */
function roomFor(users: number, path: string): Uint32Array {
  try {
    return new Uint32Array(users * FINGERPRINT_WORDS);
  } catch {
    throw new SnapshotDamaged(path, `fingerprints of ${users} users do not fit into memory`);
  }
}

/** A part of fingerprints, uncompressed: digests do not compress. */
class FingerprintPart implements Part {
  readonly #hash = createHash("sha256");
  readonly #chunks: Buffer[] = [];
  bytes = 0;
  users = 0;

  /** @param fingerprints as {@link fingerprintBytes} makes them; kept until the part is finished */
  async write(fingerprints: Buffer, users: number): Promise<void> {
    this.#hash.update(fingerprints);
    this.#chunks.push(fingerprints);
    this.bytes += fingerprints.length;
    this.users += users;
  }

  async finish(name: string): Promise<FinishedPart> {
    const entry = { name, users: this.users, bytes: this.bytes, sha256: this.#hash.digest("hex") };
    return { entry, body: Buffer.concat(this.#chunks) };
  }
}
