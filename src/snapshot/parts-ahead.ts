import type { Container } from "../storage/container.ts";
import type { RunFolder } from "./layout.ts";
import type { PartEntry } from "./part.ts";
import { readBody } from "./part-body.ts";

/**
 * Reads parts one ahead: while one is being looked at, the next is on its way. One more part is in memory for it, compressed.
 * What fails is told when the part is taken.
 */
export class PartsAhead implements Disposable {
  readonly #container: Container;
  readonly #folder: RunFolder;
  readonly #parts: readonly PartEntry[];
  readonly #left = new AbortController();
  #next: { readonly part: PartEntry; readonly body: Promise<Buffer> } | undefined;

  /** @param parts in the order in which they will be taken */
  constructor(container: Container, folder: RunFolder, parts: readonly PartEntry[]) {
    this.#container = container.withSignal(AbortSignal.any([container.signal, this.#left.signal]));
    this.#folder = folder;
    this.#parts = parts;
  }

  /**
   * The blob of a part, checked against the manifest.
   *
   * @throws {RollcallError} as {@link readBody}
   */
  async take(part: PartEntry): Promise<Buffer> {
    const body = this.#next?.part === part ? this.#next.body : this.#read(part);
    this.#next = undefined;
    try {
      return await body;
    } finally {
      this.#begin(this.#parts[this.#parts.indexOf(part) + 1]);
    }
  }

  /** Ends what is on its way. */
  [Symbol.dispose](): void {
    this.#left.abort();
  }

  #begin(part: PartEntry | undefined): void {
    if (!part || this.#left.signal.aborted) return;
    const body = this.#read(part);
    // It may fail before anybody takes it, and nobody may ever do.
    body.catch(() => undefined);
    this.#next = { part, body };
  }

  #read(part: PartEntry): Promise<Buffer> {
    return readBody(this.#container, `${this.#folder.path}/${part.name}`, part);
  }
}
