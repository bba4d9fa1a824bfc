import { randomUUID } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { RollcallError } from "../error.ts";

/** Only its owner may read it: what is written names people. */
const NEW_FILE_MODE = 0o600;

/** A file that appears, or replaces another, only when it is complete. */
export class OutputFile implements AsyncDisposable {
  /** Where it will be. */
  readonly path: string;
  readonly #temporaryPath: string;
  readonly #handle: Awaited<ReturnType<typeof open>>;
  #isOpen = true;

  private constructor(target: string, temporaryPath: string, handle: Awaited<ReturnType<typeof open>>) {
    this.path = target;
    this.#temporaryPath = temporaryPath;
    this.#handle = handle;
  }

  /**
   * Opens a temporary file beside it, so that an unwritable place is found before anything is read.
   *
   * @param wanted absolute path; of a link, the target is replaced
   * @param mode its permissions from the first byte on; absent: those of the file that it replaces, or its owner's alone
   * @throws {RollcallError} `output-unwritable` for a folder, for anything else that is not a file, and where nothing can be
   *   written
   */
  static async open(wanted: string, mode?: number): Promise<OutputFile> {
    return naming(wanted, async () => {
      const existing = await stat(wanted).catch(unlessMissing);
      if (existing && !existing.isFile()) {
        throw unwritable(wanted, existing.isDirectory() ? "it is a folder" : "it is not an ordinary file");
      }
      const target = existing ? await realpath(wanted) : wanted;
      const temporaryPath = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}.tmp`);
      const kept = existing ? existing.mode & 0o777 : NEW_FILE_MODE;
      return new OutputFile(target, temporaryPath, await open(temporaryPath, "wx", mode ?? kept));
    });
  }

  /**
   * Adds to what it will hold.
   *
   * @throws {RollcallError} `output-unwritable` when it cannot be written, for instance to a full disk
   */
  async write(content: string | Uint8Array): Promise<void> {
    await naming(this.path, () => this.#handle.appendFile(content));
  }

  /**
   * Gives it its name.
   *
   * @throws {RollcallError} as {@link write}
   */
  async publish(): Promise<void> {
    await naming(this.path, async () => {
      await this.#handle.sync();
      await this.#close();
      await rename(this.#temporaryPath, this.path);
    });
  }

  /** Deletes the temporary file unless it was published. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.#temporaryPath, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }
}

/** The error for a file that cannot be written. */
export function unwritable(file: string, problem: string): RollcallError {
  return new RollcallError("output-unwritable", {
    doing: `writing ${file}`,
    problem,
    remedy:
      "Nothing was written. Choose a folder that exists and that you may write to; where there is --out, name another file there.",
  });
}

async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && "code" in error) || error instanceof RollcallError) throw error;
    throw unwritable(file, `the file system refuses (${error.code})`);
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
