import { GUID_WORDS } from "../rows/guid.ts";
import type { Finding } from "../snapshot/contradictions.ts";
import { digestLine, FINGERPRINT_WORDS } from "../snapshot/fingerprints.ts";
import type { RunFolder } from "../snapshot/layout.ts";
import type { PartEntry } from "../snapshot/part.ts";

/** Checks fingerprints against the lines of which they are. */
export class FingerprintCheck {
  readonly #folder: RunFolder;
  readonly #parts: readonly PartEntry[];
  readonly #stored: Uint32Array;
  readonly #own = new Uint32Array(FINGERPRINT_WORDS);
  #line = 0;
  /** The first line whose fingerprint is wrong. */
  #wrong: number | undefined;

  /** @param stored as `readFingerprints` gives them */
  constructor(folder: RunFolder, parts: readonly PartEntry[], stored: Uint32Array) {
    this.#folder = folder;
    this.#parts = parts;
    this.#stored = stored;
  }

  /**
   * Looks at the next line.
   *
   * @param line without its line feed
   * @param id its object id; absent where it has none, which is told of otherwise
   */
  add(line: Uint8Array, id: Uint32Array | undefined): void {
    const at = this.#line++ * FINGERPRINT_WORDS;
    if (id) this.#own.set(id);
    digestLine(line, this.#own, GUID_WORDS);
    for (let word = id ? 0 : GUID_WORDS; word < FINGERPRINT_WORDS; word++) {
      if (this.#own[word] !== this.#stored[at + word]) this.#wrong ??= this.#line - 1;
    }
  }

  /** To be asked when all lines have come. */
  findings(): readonly Finding[] {
    if (this.#wrong === undefined) return [];
    const part = this.#partOf(this.#wrong);
    const problem = `the fingerprint of user ${this.#wrong + 1} is not that of the user's line`;
    return [{ blob: `${this.#folder.path}/${part?.name}`, problem }];
  }

  #partOf(user: number): PartEntry | undefined {
    let end = 0;
    for (const part of this.#parts) {
      end += part.users;
      if (user < end) return part;
    }
    return this.#parts.at(-1);
  }
}
