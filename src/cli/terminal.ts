import { stripVTControlCharacters } from "node:util";
import { RollcallError } from "../error.ts";
import { coloured, hasColour } from "./colour.ts";

/** An environment that takes what `local.settings.json` adds; `process.env` is one. */
export type MutableEnvironment = Record<string, string | undefined>;

/** A stream that may be a terminal. */
export type TerminalStream = NodeJS.WritableStream & {
  /** Absent when it is a file or a pipe. */
  readonly isTTY?: boolean;
  /** Width of the terminal; absent when it is none. */
  readonly columns?: number;
};

/** Everything of the process that a command may touch. */
export interface CliIo {
  /** Answers to questions; absent, or no terminal: nobody can be asked. */
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
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

/** What a command writes to. A reader who closes the pipe has seen enough; that is not an error. */
export class Terminal {
  readonly io: CliIo;
  /** What the process will exit with unless the command throws. */
  exitCode: 0 | 1 = 0;
  /** What the process will exit with when the command fails; 3 where 1 means something else. */
  failureExitCode: 1 | 3 = 1;
  /** Whether `local.settings.json` may name hosts and variables that it may not by itself. */
  trustsLocalSettings = false;
  /** Whether only results and errors are wanted: no confirmations, no notes. */
  isQuiet = false;
  /** Whether lines have no colour, whatever the environment says. */
  refusesColour = false;
  /** Whether how far a command is is kept from whoever watches. */
  hidesProgress = false;
  /** The tenant that the command is about; `undefined`: the one in the settings. */
  tenant: string | undefined;
  #isClosed = false;

  constructor(io: CliIo) {
    this.io = io;
    // Whoever writes gets the error. Without a listener the stream would end the process first.
    for (const stream of [io.stdout, io.stderr]) stream.on("error", () => undefined);
    for (const stream of [io.stdout, io.stderr]) forgetNoSize(stream);
  }

  /**
   * Writes to standard output and waits until it has been taken. To a file or a pipe the bytes go as they are; on a
   * terminal nothing of them can steer it.
   *
   * @param text bytes are for what is no terminal
   * @returns `false` when the reader has closed the pipe, which is no error
   * @throws {RollcallError} `output-unwritable` when it cannot be written, for instance to a full disk
   * @throws the signal's reason when it is aborted: a reader that has stopped reading may never take any more
   */
  async write(text: string | Uint8Array, form: TextForm = "text"): Promise<boolean> {
    const isSeen = this.io.stdout.isTTY && typeof text === "string";
    return this.#send(isSeen ? forTerminal(text, form) : text);
  }

  async #send(text: string | Uint8Array): Promise<boolean> {
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

  #written(text: string | Uint8Array): Promise<NodeJS.ErrnoException | null | undefined> {
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
    await this.#send(this.#forPeople(lines, this.io.stdout));
  }

  /** Writes lines for people that confirm what the exit code says, too; not where only results are wanted. */
  async confirm(...lines: readonly string[]): Promise<void> {
    if (!this.isQuiet) await this.print(...lines);
  }

  /** Writes lines for people to standard error that are no error; not where only results are wanted. */
  note(...lines: readonly string[]): void {
    if (!this.isQuiet) this.complain(...lines);
  }

  /** Writes a result for programs. */
  async printJson(result: unknown): Promise<void> {
    await this.write(`${JSON.stringify(result, null, 2)}\n`, "json");
  }

  /** Writes an error for programs to standard error: JSON on one line. */
  complainJson(json: string): void {
    this.io.stderr.write(`${this.io.stderr.isTTY ? forTerminal(json, "json") : json}\n`);
  }

  /** Writes lines for people to standard error. */
  complain(...lines: readonly string[]): void {
    this.io.stderr.write(this.#forPeople(lines, this.io.stderr));
  }

  #forPeople(lines: readonly string[], stream: TerminalStream): string {
    const plain = lines.map(printable);
    const isColoured = !this.refusesColour && hasColour(stream, this.io.environment);
    return (isColoured ? plain.map(coloured) : plain).map((line) => `${line}\n`).join("");
  }
}

/**
 * A terminal that nobody told its size, such as a pipeline's or a serial line, says that it has none: there would be room for
 * nothing. It is as wide as one that says nothing.
 */
function forgetNoSize(stream: TerminalStream): void {
  if (stream.columns !== 0) return;
  Reflect.deleteProperty(stream, "columns");
  Reflect.deleteProperty(stream, "rows");
}

/** What a text is, which decides how a control character in it can be shown. */
export type TextForm = "text" | "json";

/**
 * What could steer a terminal, or make a line read as it is not: control characters, marks that turn the direction of
 * writing (Unicode's Bidi_Control), and Unicode's own line breaks.
 */
const STEERING = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A line without what could steer a terminal; line breaks are replaced, too. */
export function printable(line: string): string {
  return stripVTControlCharacters(line).replaceAll(STEERING, "\uFFFD");
}

/**
 * A text of several lines as a terminal may have it. JSON stays the same JSON: there a control character becomes an
 * escape, and elsewhere U+FFFD. Line breaks and tabs stay; a carriage return only before a line feed, as it would
 * overwrite the line.
 */
export function forTerminal(text: string, form: TextForm): string {
  if (form === "json") {
    return text.replaceAll(STEERING, (character) => {
      // Raw, these stand between tokens only.
      if (character === "\n" || character === "\t") return character;
      return character === "\r" ? " " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
  }
  const plain = stripVTControlCharacters(text);
  return plain.replaceAll(STEERING, (character, at: number) => {
    const stays = character === "\n" || character === "\t" || (character === "\r" && plain[at + 1] === "\n");
    return stays ? character : "\uFFFD";
  });
}
