import { parseUser, type User } from "../rows/user-line.ts";
import type { Container } from "../storage/container.ts";
import { damaged } from "./damaged.ts";
import type { RunFolder } from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { partLines } from "./part-reader.ts";
import { committedRuns, openSnapshot, type Snapshot, userLines } from "./reader.ts";
import { type RunSummary, readSummaries, type UnreadableRun } from "./run-summary.ts";
import { type Verification, verifySnapshot } from "./verify.ts";

/** Manifests that `list` reads ahead of whoever asks for the next. */
const LIST_AHEAD = 8;

/** The committed snapshots of a tenant. Nothing is remembered: each call asks the storage anew. */
export class Snapshots {
  /** Directory id, also where a domain was given. */
  readonly tenantId: string;
  readonly #container: Container;
  readonly #signal: AbortSignal;

  /** @param signal the one that `container` was opened with */
  constructor(container: Container, tenantId: string, signal: AbortSignal) {
    this.tenantId = tenantId;
    this.#container = container;
    this.#signal = signal;
  }

  /**
   * Ids of the runs, newest first, without reading their manifests.
   *
   * @throws {RollcallError} the storage's errors, also where there is no such container
   */
  async runs(): Promise<readonly string[]> {
    return committedRuns(this.#container, this.tenantId);
  }

  /**
   * What the manifests say in short, newest first. One that cannot be read hides no other: it comes with its `error`.
   *
   * @param runs ids as {@link runs} gives them; absent: all
   * @throws {RollcallError} the storage's errors
   */
  async *list(runs?: readonly string[]): AsyncGenerator<RunSummary | UnreadableRun, void, undefined> {
    const wanted = runs ?? (await this.runs());
    for (let at = 0; at < wanted.length; at += LIST_AHEAD) {
      yield* await readSummaries(this.#container, this.tenantId, wanted.slice(at, at + LIST_AHEAD));
    }
  }

  /**
   * The snapshot at which `latest.json` points.
   *
   * @throws {RollcallError} as {@link open}
   */
  latest(): Promise<StoredSnapshot> {
    return this.open();
  }

  /**
   * Finds a snapshot and checks what can be checked without reading its parts.
   *
   * @param run a run's id or its beginning, if only one run begins so; absent: the latest
   * @throws {RollcallError} `snapshot-not-found`, `snapshot-damaged` and `manifest-unsupported`, naming the blob
   */
  async open(run?: string): Promise<StoredSnapshot> {
    const snapshot = await openSnapshot(this.#container, this.tenantId, run);
    return new StoredSnapshot(this.#container, snapshot, this.#signal);
  }

  /**
   * Reads a snapshot again, all of it, and holds it against its manifest: also one that {@link open} refuses.
   *
   * @param run as for {@link open}
   * @returns what was found; damage is no error here
   * @throws {RollcallError} `snapshot-not-found`, `manifest-unsupported`; `snapshot-damaged` only for a `latest.json`
   *   that does not tell which run is meant
   */
  verify(run?: string): Promise<Verification> {
    return verifySnapshot(this.#container, this.tenantId, run);
  }
}

/**
 * A committed snapshot whose manifest is sound and whose parts were all there when it was opened. Its users can be read
 * any number of times; leaving a loop over them early ends the reading. Memory: one part, compressed (2 MiB or so).
 */
export class StoredSnapshot implements Snapshot {
  readonly folder: RunFolder;
  readonly manifest: Manifest;
  /** Whether `latest.json` pointed at it when it was opened. */
  readonly isLatest: boolean;
  readonly #container: Container;
  readonly #signal: AbortSignal;

  /** @param signal the one that `container` was opened with */
  constructor(container: Container, { folder, manifest, isLatest }: Snapshot, signal: AbortSignal) {
    this.folder = folder;
    this.manifest = manifest;
    this.isLatest = isLatest;
    this.#container = container;
    this.#signal = signal;
  }

  /**
   * The users, one after the other, in the order of the parts.
   *
   * @throws {RollcallError} `snapshot-damaged` before the first user of a part that is not the one in the manifest; then
   *   what came so far is not all
   */
  async *users(): AsyncGenerator<User, void, undefined> {
    for (const part of this.manifest.parts) {
      let number = 0;
      for await (const lines of partLines(this.#container, this.folder, part)) {
        this.#signal.throwIfAborted();
        for (const line of lines) {
          number++;
          const user = parseUser(line);
          if (!user)
            throw damaged(`${this.folder.path}/${part.name}`, `line ${number} is no JSON object with an id`);
          yield user;
        }
      }
    }
  }

  /**
   * The same as JSON, each without its line break: for passing them on unparsed.
   *
   * @throws {RollcallError} as {@link users}, but does not look into the lines
   */
  async *lines(): AsyncGenerator<string, void, undefined> {
    for await (const lines of this.lineBatches()) yield* lines;
  }

  /**
   * The lines as they are decompressed, some hundred at a time: for filtering or writing many at once.
   *
   * @throws {RollcallError} as {@link lines}
   */
  async *lineBatches(): AsyncGenerator<readonly string[], void, undefined> {
    for await (const lines of userLines(this.#container, this)) {
      this.#signal.throwIfAborted();
      yield lines;
    }
  }

  /**
   * Reads all of it again and holds it against its manifest: hashes, lines, keys, ids that are there twice, totals.
   *
   * @returns what was found; damage is no error here
   * @throws {RollcallError} the storage's errors
   */
  verify(): Promise<Verification> {
    return verifySnapshot(this.#container, this.folder.tenantId, this.folder.runId);
  }
}
