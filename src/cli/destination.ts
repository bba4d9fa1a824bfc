import path from "node:path";
import { OutputFile } from "./output-file.ts";
import { printable, type Terminal, type TextForm } from "./terminal.ts";
import { LINE_WIDTH } from "./wrap.ts";

/** Where a command's result goes: to standard output, or with `--out` into a file that is written whole or not at all. */
export class Destination implements AsyncDisposable {
  readonly #terminal: Terminal;
  readonly #file: OutputFile | undefined;

  private constructor(terminal: Terminal, file: OutputFile | undefined) {
    this.#terminal = terminal;
    this.#file = file;
  }

  /**
   * @param out path from the current folder; absent: standard output
   * @throws {RollcallError} `output-unwritable`
   */
  static async open(terminal: Terminal, out: string | undefined): Promise<Destination> {
    const file = out === undefined ? undefined : await OutputFile.open(path.resolve(terminal.io.cwd, out));
    return new Destination(terminal, file);
  }

  /** Whether it is a file, so that the terminal is free. */
  get isFile(): boolean {
    return this.#file !== undefined;
  }

  /** How wide a table may be, in columns. */
  get width(): number {
    return this.#file ? LINE_WIDTH : (this.#terminal.io.stdout.columns ?? LINE_WIDTH);
  }

  /** As {@link Terminal.write}. */
  async write(text: string, form: TextForm = "text"): Promise<boolean> {
    if (!this.#file) return this.#terminal.write(text, form);
    this.#terminal.io.signal.throwIfAborted();
    await this.#file.write(text);
    return true;
  }

  /** Whether bytes may go there as they are, which a terminal's may not. */
  get takesBytes(): boolean {
    return this.#file !== undefined || this.#terminal.io.stdout.isTTY !== true;
  }

  /** As {@link write}, for bytes whose memory may be reused afterwards. */
  async writeBytes(bytes: Buffer): Promise<boolean> {
    // A stream may hold on to what it was given.
    if (!this.#file) return this.#terminal.write(Buffer.from(bytes));
    this.#terminal.io.signal.throwIfAborted();
    await this.#file.write(bytes);
    return true;
  }

  /** Writes lines for people. */
  async print(...lines: readonly string[]): Promise<void> {
    if (!this.#file) return this.#terminal.print(...lines);
    await this.write(lines.map((line) => `${printable(line)}\n`).join(""));
  }

  /** Writes a result for programs. */
  async printJson(result: unknown): Promise<void> {
    await this.write(`${JSON.stringify(result, null, 2)}\n`, "json");
  }

  /** Gives the file its name: what was written is all. */
  async publish(): Promise<void> {
    await this.#file?.publish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
  }
}
