import { createInterface, type Interface } from "node:readline/promises";
import { RollcallError } from "../error.ts";
import { present, type Setting, type SettingProblem } from "../settings/setting.ts";
import type { CliIo } from "./terminal.ts";
import { printable } from "./terminal.ts";
import { hang } from "./wrap.ts";

/** Something to ask for. */
export interface Question {
  readonly setting: Setting;
  /** What is asked, without a question mark: `Tenant (directory id or verified domain)`. */
  readonly text: string;
  /** What an empty answer means; absent: there must be an answer. */
  readonly suggestion?: string | undefined;
  /** Finds what a rule cannot, such as that nobody knows the tenant; `undefined` if the answer is a right one. */
  readonly check?: (answer: string) => Promise<string | undefined>;
}

/** Asks for settings, where somebody is there to be asked; what options say is not asked. */
export class Interview implements Disposable {
  /** What is known so far, by the names of the settings. */
  readonly answers: Record<string, string>;
  /** Of what options say. */
  readonly problems: SettingProblem[] = [];
  readonly #io: CliIo;
  readonly #lines: Interface | undefined;
  readonly #closed = new AbortController();

  /** @param given values by the names of the settings */
  constructor(io: CliIo, given: Readonly<Record<string, string>>) {
    this.#io = io;
    this.answers = { ...given };
    if (!io.stdin?.isTTY) return;
    this.#lines = createInterface({ input: io.stdin, output: io.stderr, terminal: io.stderr.isTTY === true });
    // On a terminal it is readline that takes Ctrl-C, and Ctrl-D closes it: no answer will come.
    this.#lines.on("SIGINT", () => this.#lines?.close());
    this.#lines.on("close", () => this.#closed.abort(noAnswer()));
  }

  /** Ends whatever is done between two questions, too: the one who is asked has left, or the command is to end. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#closed.signal, this.#io.signal]);
  }

  /** Whether somebody can be asked. */
  get isAttended(): boolean {
    return this.#lines !== undefined;
  }

  /**
   * Gets one answer.
   *
   * @returns `undefined` where nobody can be asked, and for a wrong one of the options, which is then among the problems
   * @throws {RollcallError} `terminated` when the one who is asked leaves
   */
  async ask({ setting, text, check, ...question }: Question): Promise<string | undefined> {
    const { name, example } = setting;
    // What az says may be no answer at all.
    const suggestion =
      question.suggestion !== undefined && problemOf(setting, question.suggestion) === undefined
        ? question.suggestion
        : undefined;
    const given = present(this.answers[name]);
    if (given !== undefined) {
      const problem = problemOf(setting, given) ?? (await check?.(given));
      if (problem === undefined) return given;
      this.problems.push({ name, problem, example });
      return undefined;
    }
    while (this.#lines) {
      const offer = suggestion === undefined ? "" : ` [${printable(suggestion)}]`;
      const said = present(await this.#question(`${text}${offer}: `)) ?? suggestion;
      const problem = said === undefined ? "is missing" : (problemOf(setting, said) ?? (await check?.(said)));
      if (problem === undefined && said !== undefined) {
        this.answers[name] = said;
        return said;
      }
      this.#say(`It ${problem}, for example ${example}`);
    }
    return undefined;
  }

  /** @throws {RollcallError} as {@link ask} */
  async confirm(text: string): Promise<boolean> {
    return /^y(es)?$/i.test(await this.#question(`${text} [y/N]: `));
  }

  [Symbol.dispose](): void {
    this.#lines?.close();
  }

  async #question(text: string): Promise<string> {
    const { signal } = this;
    try {
      return (await this.#lines?.question(text, { signal })) ?? "";
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }

  #say(text: string): void {
    this.#io.stderr.write(
      hang("  ", text)
        .map((line) => `${line}\n`)
        .join(""),
    );
  }
}

function problemOf({ rule }: Setting, text: string): string | undefined {
  return rule.safeParse(text).error?.issues[0]?.message;
}

function noAnswer(): RollcallError {
  return new RollcallError("terminated", {
    doing: "running rollcall init",
    problem: "the question was not answered",
    remedy: "Nothing was written. Run it again, or say everything in options: rollcall init --help.",
  });
}
