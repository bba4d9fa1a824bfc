/** Keeps the most recently used page bodies, up to a number of bytes, until the directory changes. */
export class PageCache {
  readonly #maxBytes: number;
  readonly #bodies = new Map<string, Buffer>();
  #bytes = 0;
  #version = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The body under a key, if it was made from this version of the directory. */
  get(key: string, version: number): Buffer | undefined {
    if (version !== this.#version) this.#clear(version);
    const body = this.#bodies.get(key);
    if (body !== undefined) {
      // A Map keeps insertion order, so the first entry is the least recently used.
      this.#bodies.delete(key);
      this.#bodies.set(key, body);
    }
    return body;
  }

  /** Adds a body, and evicts the least recently used. */
  set(key: string, version: number, body: Buffer): void {
    if (version !== this.#version || body.length > this.#maxBytes || this.#bodies.has(key)) return;
    this.#bodies.set(key, body);
    this.#bytes += body.length;
    for (const [oldest, { length }] of this.#bodies) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#bodies.delete(oldest);
      this.#bytes -= length;
    }
  }

  #clear(version: number): void {
    this.#bodies.clear();
    this.#bytes = 0;
    this.#version = version;
  }
}
