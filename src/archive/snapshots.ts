import type { ChangeRecord } from "../changes/change.ts";
import { readChanges } from "../changes/change-lines.ts";
import { type Side, snapshotSide } from "../changes/side.ts";
import { RollcallError } from "../error.ts";
import { parseUser, type User } from "../rows/user-line.ts";
import { folderOf, manifestPath, type RunFolder } from "../snapshot/layout.ts";
import type { Latest, Manifest } from "../snapshot/manifest.ts";
import { partLines } from "../snapshot/part-reader.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { readLatest } from "./latest.ts";
import { committedRuns, openSnapshot, type Snapshot } from "./reader.ts";
import { type RunSummary, readSummary, type UnreadableRun } from "./run-summary.ts";
import { isUnreadable } from "./unreadable.ts";
import { type Verification, verifySnapshot } from "./verify.ts";

export type { RunSummary, UnreadableRun } from "./run-summary.ts";
export { isUnreadable } from "./unreadable.ts";
export type { Verification } from "./verify.ts";

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
      const some = wanted.slice(at, at + LIST_AHEAD);
      yield* await Promise.all(some.map((runId) => readSummary(this.#container, this.tenantId, runId)));
    }
  }

  /**
   * What `latest.json` says; `undefined` before the first snapshot.
   *
   * @throws {RollcallError} `snapshot-damaged`, `manifest-unsupported`, and the storage's errors
   */
  pointer(): Promise<Latest | undefined> {
    return readLatest(this.#container, this.tenantId);
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
   * The newest snapshot before another one.
   *
   * @throws {RollcallError} as {@link open}
   */
  async before({ folder: { runId } }: Snapshot): Promise<StoredSnapshot> {
    const before = (await this.runs()).find((other) => other < runId);
    if (before !== undefined) return this.open(before);
    throw new RollcallError("snapshot-not-found", {
      doing: `looking for the snapshot before ${runId}`,
      problem: "there is none",
      remedy: "`rollcall list` shows the snapshots. After the next run there are two to compare.",
    });
  }

  /**
   * Reads a snapshot again, all of it, and checks it against its manifest: also one that {@link open} refuses.
   *
   * @param run as for {@link open}
   * @returns what was found; damage is no error here
   * @throws {RollcallError} `snapshot-not-found`, `manifest-unsupported`; `snapshot-damaged` only for a `latest.json`
   *   that does not tell which run is meant
   */
  verify(run?: string): Promise<Verification> {
    return verifySnapshot(this.#container, this.tenantId, run);
  }

  /**
   * Verifies every run, newest first, then the one at which `latest.json` points, in case its manifest is gone. A
   * manifest of an unknown schema is one finding among others.
   *
   * @throws {RollcallError} the storage's errors; at the end, where it hides nothing, as {@link pointer}
   */
  async *verifyAll(): AsyncGenerator<Verification, void, undefined> {
    const runs = await this.runs();
    for (const runId of runs) yield await this.#verifyAnySchema(runId);
    const latest = await this.pointer();
    if (latest && !runs.includes(latest.runId)) yield await this.verify();
  }

  async #verifyAnySchema(runId: string): Promise<Verification> {
    try {
      return await this.verify(runId);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const blob = manifestPath(folderOf(this.tenantId, runId));
      const { problem } = error;
      return { runId, whole: false, users: 0, parts: 0, bytes: 0, problems: [{ blob, problem }] };
    }
  }
}

/**
 * A committed snapshot whose manifest is sound and whose parts were all there when it was opened. Its users can be read
 * any number of times; leaving a loop over them early ends the reading. Memory: one part, compressed (2 MiB or so).
 */
export class StoredSnapshot implements Snapshot {
  readonly folder: RunFolder;
  readonly manifest: Manifest;
  /** Lower-case hex SHA-256 of the manifest's bytes. */
  readonly manifestSha256: string;
  /** Whether `latest.json` pointed at it when it was opened. */
  readonly isLatest: boolean;
  readonly #container: Container;
  readonly #signal: AbortSignal;

  /** @param signal the one that `container` was opened with */
  constructor(container: Container, snapshot: Snapshot, signal: AbortSignal) {
    this.folder = snapshot.folder;
    this.manifest = snapshot.manifest;
    this.manifestSha256 = snapshot.manifestSha256;
    this.isLatest = snapshot.isLatest;
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
          if (!user) {
            const blob = `${this.folder.path}/${part.name}`;
            throw new SnapshotDamaged(blob, `line ${number} is no JSON object with an id`);
          }
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
    for (const part of this.manifest.parts) {
      for await (const lines of partLines(this.#container, this.folder, part)) {
        this.#signal.throwIfAborted();
        yield lines;
      }
    }
  }

  /**
   * What changed since the snapshot before, some hundred changes at a time; nothing where the manifest has no changes.
   *
   * @throws {RollcallError} `snapshot-damaged` before the first change of a part that is not the one in the manifest
   */
  async *changes(): AsyncGenerator<readonly ChangeRecord[], void, undefined> {
    const { changes } = this.manifest;
    if (!changes) return;
    for await (const records of readChanges(this.#container, this.folder, changes)) {
      this.#signal.throwIfAborted();
      yield records;
    }
  }

  /** This snapshot as one of two that are compared. */
  get side(): Side {
    return snapshotSide(this.#container, this);
  }

  /**
   * Reads all of it again and checks it against its manifest: hashes, lines, keys, ids that are there twice, totals.
   *
   * @returns what was found; damage is no error here
   * @throws {RollcallError} the storage's errors
   */
  verify(): Promise<Verification> {
    return verifySnapshot(this.#container, this.folder.tenantId, this.folder.runId);
  }
}
