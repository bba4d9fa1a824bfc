import { GUID_WORDS, readGuid } from "../rows/guid.ts";
import type { Finding } from "../snapshot/contradictions.ts";
import { digestLine, FINGERPRINT_WORDS } from "../snapshot/fingerprints.ts";
import type { RunFolder } from "../snapshot/layout.ts";
import type { PartEntry } from "../snapshot/part.ts";

/** How every line begins, as the id is always selected; where it is not the first property, the digest tells enough. */
const ID_FIRST = '{"id":"';

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

  /** Looks at the next line. */
  add(line: string): void {
    const at = this.#line++ * FINGERPRINT_WORDS;
    const bytes = Buffer.from(line);
    digestLine(bytes, this.#own, GUID_WORDS);
    const hasId = line.startsWith(ID_FIRST) && readGuid(bytes, ID_FIRST.length, this.#own, 0);
    for (let word = hasId ? 0 : GUID_WORDS; word < FINGERPRINT_WORDS; word++) {
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
