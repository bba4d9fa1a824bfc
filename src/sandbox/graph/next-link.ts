import { createHash } from "node:crypto";
import type { QueryOptions, UserQuery } from "./user-query.ts";

/** The content of a page token. */
export interface PagePosition {
  /** Key of the query that it continues. */
  readonly queryKey: string;
  /** First slot of the page. */
  readonly slot: number;
  /** Number of the page, from 2. */
  readonly page: number;
}

/** Prefix of the newer, opaque tokens. */
const OPAQUE_PREFIX = "RFNwdAIAAQAAA";

/**
 * Makes and parses next links. Clients can neither read a token, nor make or change one. Links come in both forms that
 * Graph uses: an old one that repeats the options with lower-case escapes and has a quoted hexadecimal token, and a newer
 * one with nothing but a long token.
 */
export class NextLinks {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** The link to the page at a position. The same position always gets the same link. */
  format(origin: string, query: UserQuery, slot: number, page: number): string {
    const plain = Buffer.alloc(16);
    plain.write(query.key, "hex");
    plain.writeUInt32BE(slot, 8);
    plain.writeUInt32BE(page, 12);
    const seal = this.#hash("seal", plain).subarray(0, 8);
    const token = Buffer.concat([seal, this.#mask(seal, plain)]);
    const path = `${origin}/v1.0/users?`;
    if (((seal[0] ?? 0) & 1) === 0) return `${path}$skiptoken=${OPAQUE_PREFIX}${token.toString("base64url")}`;
    return `${path}${formatOptions(query.options)}$skiptoken=X%27${token.toString("hex").toUpperCase()}%27`;
  }

  /** The content of a token; `undefined` if this tenant did not make it. */
  parse(token: string): PagePosition | undefined {
    const quoted = /^X'([0-9A-F]{48})'$/.exec(token)?.[1];
    const bytes = quoted
      ? Buffer.from(quoted, "hex")
      : Buffer.from(token.startsWith(OPAQUE_PREFIX) ? token.slice(OPAQUE_PREFIX.length) : "", "base64url");
    if (bytes.length !== 24) return undefined;
    const seal = bytes.subarray(0, 8);
    const plain = this.#mask(seal, bytes.subarray(8));
    if (!this.#hash("seal", plain).subarray(0, 8).equals(seal)) return undefined;
    return {
      queryKey: plain.toString("hex", 0, 8),
      slot: plain.readUInt32BE(8),
      page: plain.readUInt32BE(12),
    };
  }

  #mask(seal: Buffer, bytes: Buffer): Buffer {
    const pad = this.#hash("mask", seal);
    return Buffer.from(bytes.map((byte, at) => byte ^ (pad[at] ?? 0)));
  }

  #hash(purpose: string, bytes: Buffer): Buffer {
    return createHash("sha256").update(this.#secret).update(purpose).update(bytes).digest();
  }
}

function formatOptions(options: QueryOptions): string {
  return Object.entries(options)
    .map(([name, value]) => `$${name}=${escapeLower(String(value))}&`)
    .join("");
}

function escapeLower(text: string): string {
  return encodeURIComponent(text).replaceAll(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
}
