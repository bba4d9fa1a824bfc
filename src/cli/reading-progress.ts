import { SECOND, systemClock } from "../clock.ts";
import { ProgressDisplay } from "./progress-display.ts";
import { readingLine } from "./progress-line.ts";
import type { Terminal } from "./terminal.ts";

/** What takes no longer than this shows nothing. */
const QUIET_MS = SECOND;
const REDRAW_MS = SECOND / 10;

/** Shows how much of what a command reads has come, and how long the rest will take. */
export class ReadingProgress implements Disposable {
  /** Takes the number of bytes that have come since the last call. */
  readonly count: (bytes: number) => void;
  readonly #display: ProgressDisplay;
  readonly #elapsed: () => number;
  #subject = "";
  #totalBytes: number | undefined;
  #bytes = 0;
  #sinceMs: number;
  #nextMs: number;

  /**
   * @param json whether programs read what the command writes
   * @param elapsed milliseconds since a fixed moment
   */
  constructor(terminal: Terminal, json = false, elapsed: () => number = systemClock.elapsed) {
    this.#display = new ProgressDisplay(terminal, json);
    this.#elapsed = elapsed;
    this.#sinceMs = elapsed();
    this.#nextMs = this.#sinceMs + QUIET_MS;
    this.count = (bytes) => {
      this.#bytes += bytes;
      if (this.#display.isShown && elapsed() >= this.#nextMs) this.#show();
    };
  }

  /**
   * Says how much is to come from now on.
   *
   * @param subject what it is of, such as a run's id
   * @param totalBytes stored bytes; absent: not known
   */
  expect(subject: string, totalBytes?: number): void {
    this.#subject = subject;
    this.#totalBytes = totalBytes;
    this.#bytes = 0;
    this.#sinceMs = this.#elapsed();
  }

  /** Makes room for what the command prints. */
  clear(): void {
    this.#display.clear();
  }

  [Symbol.dispose](): void {
    this.#display[Symbol.dispose]();
  }

  #show(): void {
    const nowMs = this.#elapsed();
    this.#nextMs = nowMs + REDRAW_MS;
    const progress = { bytes: this.#bytes, totalBytes: this.#totalBytes, elapsedMs: nowMs - this.#sinceMs };
    this.#display.show([this.#subject, readingLine(progress)].filter(Boolean).join("  "));
  }
}
