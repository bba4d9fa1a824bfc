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
  /** Whether all that `local.settings.json` says is believed; it is not when absent. */
  readonly trustLocalSettings?: boolean;
  /** Ends the command; its reason is then the error that is shown. */
  readonly signal: AbortSignal;
}

/** What a command writes to. Knows that a reader who has seen enough closes the pipe. */
export class Terminal {
  /** Replaced once, when the options are known. */
  io: CliIo;
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
   * Writes to standard output as it stands, and waits until it has been taken. For what came out of a blob or an answer
   * there are {@link writeText} and {@link writeJson}.
   *
   * @returns `false` when the reader has closed the pipe, which is no error
   * @throws {RollcallError} `output-unwritable` when it cannot be written, for instance to a full disk
   */
  async write(text: string): Promise<boolean> {
    if (this.#isClosed) return false;
    const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) =>
      this.io.stdout.write(text, resolve),
    );
    if (!error) return true;
    this.#isClosed = error.code === "EPIPE";
    if (this.#isClosed) return false;
    throw new RollcallError("output-unwritable", {
      doing: "writing to standard output",
      problem: `it takes no more (${error.code ?? error.name})`,
      remedy: "Make room on the disk or write elsewhere; what was written so far is not all.",
    });
  }

  /** As {@link write}, for text: what a terminal would obey is not sent to one. A file or a pipe gets the exact bytes. */
  async writeText(text: string): Promise<boolean> {
    return this.write(this.io.stdout.isTTY ? printableLines(text) : text);
  }

  /** As {@link writeText}, for JSON, which stays the same JSON on a terminal. */
  async writeJson(json: string): Promise<boolean> {
    return this.write(this.io.stdout.isTTY ? printableJson(json) : json);
  }

  /** Writes lines for people. What came out of a blob or an answer cannot steer their terminal. */
  async print(...lines: readonly string[]): Promise<void> {
    await this.write(lines.map((line) => `${printable(line)}\n`).join(""));
  }

  /** Writes a result for programs. */
  async printJson(result: unknown): Promise<void> {
    await this.writeJson(`${JSON.stringify(result, null, 2)}\n`);
  }

  /** Writes lines for people to standard error. */
  complain(...lines: readonly string[]): void {
    this.io.stderr.write(lines.map((line) => `${printable(line)}\n`).join(""));
  }

  /** Writes one line of JSON to standard error. */
  complainJson(json: string): void {
    this.io.stderr.write(`${this.io.stderr.isTTY ? printableJson(json) : json}\n`);
  }
}

/**
 * What a terminal obeys in place of showing it: control characters, line separators, and marks that turn the direction of
 * writing, with which a name can pass for another or reach into the next column (https://www.unicode.org/reports/tr9/).
 */
const STEERING = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;
const REPLACEMENT = "\uFFFD";

/** A text without what could steer a terminal: line breaks, too. */
export function printable(line: string): string {
  return stripVTControlCharacters(line).replaceAll(STEERING, REPLACEMENT);
}

/** A text of several lines without what could steer a terminal; line breaks and tabs stay. */
export function printableLines(text: string): string {
  const stripped = stripVTControlCharacters(text);
  return stripped.replaceAll(STEERING, (mark, at: number) => {
    // Alone, a carriage return would have the line overwritten.
    const isBreak = mark === "\n" || mark === "\t" || (mark === "\r" && stripped[at + 1] === "\n");
    return isBreak ? mark : REPLACEMENT;
  });
}

/** The same JSON without what could steer a terminal: such characters are escaped. Line breaks between values stay. */
export function printableJson(json: string): string {
  return json.replaceAll(STEERING, (mark) => {
    if (mark === "\n") return mark;
    // These stand raw between values only, where a space means the same.
    if (mark === "\r" || mark === "\t") return " ";
    return `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
