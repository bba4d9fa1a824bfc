import { stripVTControlCharacters } from "node:util";
import { RollcallError } from "../error.ts";
import type { Environment } from "../settings.ts";
import { loadEnvironment, type MutableEnvironment } from "./environment.ts";

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
  /** Whether `local.settings.json` may name hosts outside the known clouds. */
  trustsLocalHosts = false;
  #isClosed = false;

  constructor(io: CliIo) {
    this.io = io;
    // Met by whoever writes; without a listener the stream would end the process first.
    for (const stream of [io.stdout, io.stderr]) stream.on("error", () => undefined);
  }

  /**
   * The settings of this process.
   *
   * @throws {SettingsError} for a `local.settings.json` that cannot be used
   */
  loadEnvironment(): Environment {
    const { environment, cwd } = this.io;
    return loadEnvironment(environment, cwd, this.trustsLocalHosts);
  }

  /**
   * Writes to standard output and waits until it has been taken.
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

  /** Writes lines for people. What came out of a blob or an answer cannot steer their terminal. */
  async print(...lines: readonly string[]): Promise<void> {
    await this.write(lines.map((line) => `${printable(line)}\n`).join(""));
  }

  /** Writes a result for programs. */
  async printJson(result: unknown): Promise<void> {
    await this.writeData(`${JSON.stringify(result, null, 2)}\n`, "json");
  }

  /**
   * As {@link write}, for data that came out of blobs: byte for byte into a file or a pipe, and on a terminal without
   * what could steer it.
   *
   * @param text whole lines
   */
  writeData(text: string, form: "json" | "text"): Promise<boolean> {
    if (!this.io.stdout.isTTY) return this.write(text);
    return this.write(form === "json" ? escapedJson(text) : withoutControls(text));
  }

  /** Writes lines for people to standard error. */
  complain(...lines: readonly string[]): void {
    this.io.stderr.write(lines.map((line) => `${printable(line)}\n`).join(""));
  }

  /** Writes a failure for programs to standard error. */
  complainJson(json: string): void {
    this.io.stderr.write(`${this.io.stderr.isTTY ? escapedJson(json) : json}\n`);
  }
}

/**
 * What could steer a terminal or make it show a text as another: C0 and C1 controls, line and paragraph separators, and
 * the marks that turn the direction of writing (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
 */
const STEERING = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** A text of one line without what could steer a terminal. */
export function printable(line: string): string {
  return stripVTControlCharacters(line).replaceAll(STEERING, "\uFFFD");
}

/** A text of several lines without what could steer a terminal; tabs and the ends of lines stay. */
export function withoutControls(text: string): string {
  return stripVTControlCharacters(text).replaceAll(STEERING, (found, at: number, all: string) => {
    const isLayout = found === "\n" || found === "\t" || (found === "\r" && all[at + 1] === "\n");
    return isLayout ? found : "\uFFFD";
  });
}

/** The same JSON, with escapes in place of what could steer a terminal. Between its values stand only spaces and lines. */
function escapedJson(json: string): string {
  return json.replaceAll(STEERING, (found) =>
    /[\n\r\t]/.test(found) ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
