import { type RunFolder, signaturePath } from "../snapshot/layout.ts";
import type { Container } from "../storage/container.ts";

/** A run's `manifest.jws`, from before it is written. Taken back when it is disposed, unless it was kept. */
export class SignatureBlob implements AsyncDisposable {
  readonly #container: Container;
  readonly #path: string;
  #mayExist = false;

  constructor(container: Container, folder: RunFolder) {
    this.#container = container;
    this.#path = signaturePath(folder);
  }

  /** @throws {RollcallError} the storage's errors */
  async write(jws: string): Promise<void> {
    this.#mayExist = true;
    await this.#container.putOnce({
      path: this.#path,
      body: Buffer.from(jws),
      contentType: "application/jose",
    });
  }

  /** From here on a manifest may exist, and its signature must stay. */
  keep(): void {
    this.#mayExist = false;
  }

  /** What cannot be deleted harms nobody: there is no manifest beside it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mayExist)
      await this.#container
        .forCleaningUp()
        .removeOwn(this.#path)
        .catch(() => undefined);
  }
}
