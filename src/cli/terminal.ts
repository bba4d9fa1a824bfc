import { stripVTControlCharacters } from "node:util";
import { RollcallError } from "../error.ts";
import type { MutableEnvironment } from "./environment.ts";

/** A stream that may be a terminal. */
export type TerminalStream = NodeJS.WritableStream & {
  /** Absent when it is a file or a pipe. */
  readonly isTTY?: boolean;
  /** Width of the terminal; absent when it is none. */
  readonly columns?: number;
};

/** Everything of the process that a command may touch. */
export interface CliIo {
  /** Results. */
  readonly stdout: TerminalStream;
  /** Errors and progress. */
  readonly stderr: TerminalStream;
  /** `process.env`; `local.settings.json` may add to it. */
  readonly environment: MutableEnvironment;
  /** Folder in which `local.settings.json` is looked for. */
  readonly cwd: string;
  /** Ends the command; its reason is then the error that is shown. */
  readonly signal: AbortSignal;
}

/** What a command writes to. Knows that a reader who has seen enough closes the pipe. */
export class Terminal {
  readonly io: CliIo;
  /** What the process will exit with unless the command throws. */
  exitCode: 0 | 1 = 0;
  /** What the process will exit with when the command fails; 3 where 1 means something else. */
  failureExitCode: 1 | 3 = 1;
  #isClosed = false;

  constructor(io: CliIo) {
    this.io = io;
    // Met by whoever writes; without a listener the stream would end the process first.
    for (const stream of [io.stdout, io.stderr]) stream.on("error", () => undefined);
  }

  /**
   * Writes to standard output and waits until it has been taken.
   *
   * @returns `false` when the reader has closed the pipe, which is no error
   * @throws {RollcallError} `output-unwritable` when it cannot be written, for instance to a full disk
   * @throws the signal's reason when it is aborted: a reader that has stopped reading may never take any more
   */
  async write(text: string): Promise<boolean> {
    if (this.#isClosed) return false;
    const error = await this.#written(text);
    if (!error) return true;
    this.#isClosed = error.code === "EPIPE";
    if (this.#isClosed) return false;
    throw new RollcallError("output-unwritable", {
      doing: "writing to standard output",
      problem: `it takes no more (${error.code ?? error.name})`,
      remedy: "Make room on the disk or write elsewhere; what was written so far is not all.",
    });
  }

  #written(text: string): Promise<NodeJS.ErrnoException | null | undefined> {
    const { stdout, signal } = this.io;
    return new Promise((resolve, reject) => {
      // What is still said after that is said without waiting.
      if (signal.aborted) resolve(null);
      const stop = () => reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      stdout.write(text, (error) => {
        signal.removeEventListener("abort", stop);
        resolve(error);
      });
    });
  }

  /** Writes lines for people. What came out of a blob or an answer cannot steer their terminal. */
  async print(...lines: readonly string[]): Promise<void> {
    await this.write(lines.map((line) => `${printable(line)}\n`).join(""));
  }

  /** Writes a result for programs. */
  async printJson(result: unknown): Promise<void> {
    await this.write(`${JSON.stringify(result, null, 2)}\n`);
  }

  /** Writes lines for people to standard error. */
  complain(...lines: readonly string[]): void {
    this.io.stderr.write(lines.map((line) => `${printable(line)}\n`).join(""));
  }
}

/** A text without what could steer a terminal: line breaks, too. */
export function printable(line: string): string {
  return stripVTControlCharacters(line).replaceAll(/\p{Cc}/gu, "\uFFFD");
}

/** A text of several lines without what could steer a terminal; line breaks and tabs stay. */
export function withoutControls(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\n\r\t]/gu, "\uFFFD");
}
