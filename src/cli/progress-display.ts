import { createLogUpdate } from "log-update";
import type { Terminal } from "./terminal.ts";

/** A line that is rewritten in place on standard error and cleared at the end; nothing where nobody watches. */
export class ProgressDisplay implements Disposable {
  readonly #line: ReturnType<typeof createLogUpdate> | undefined;

  /** @param json whether programs read what the command writes */
  constructor({ io: { stderr }, hidesProgress }: Terminal, json = false) {
    if (stderr.isTTY && !hidesProgress && !json) this.#line = createLogUpdate(stderr);
  }

  /** Whether anybody sees it. */
  get isShown(): boolean {
    return this.#line !== undefined;
  }

  show(text: string): void {
    this.#line?.(text);
  }

  /** Makes room for other lines; the next {@link show} writes below them. */
  clear(): void {
    this.#line?.clear();
  }

  [Symbol.dispose](): void {
    this.#line?.clear();
    this.#line?.done();
  }
}
