import type { ChangeRecord } from "../changes/change.ts";
import { readChanges } from "../changes/change-lines.ts";
import { type Side, snapshotSide } from "../changes/side.ts";
import { RollcallError } from "../error.ts";
import { parseUser, type User } from "../rows/user-line.ts";
import type { KeepRules } from "../settings/keep-rules.ts";
import type { SignatureFinding } from "../signature/verify-signature.ts";
import { folderOf, manifestPath, type RunFolder } from "../snapshot/layout.ts";
import type { Latest, Manifest } from "../snapshot/manifest.ts";
import { partBlocks, partLines } from "../snapshot/part-reader.ts";
import { PartsAhead } from "../snapshot/parts-ahead.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { type ChainVerification, verifyChain } from "./chain.ts";
import { type Freshness, freshness } from "./freshness.ts";
import type { LastRun } from "./last-run.ts";
import { readLastRun } from "./last-run-blob.ts";
import { readLatest } from "./latest.ts";
import { committedRuns, openSnapshot, requireManifest, type Snapshot } from "./reader.ts";
import { type RunManifest, readManifests, type UnreadableRun } from "./run-manifest.ts";
import { type RunSummary, summaryOf } from "./run-summary.ts";
import { checkSignature } from "./signature-check.ts";
import { isUnreadable } from "./unreadable.ts";
import { type Verification, type VerifyOptions, verifySnapshot } from "./verify.ts";

export type { ChainEnd, ChainVerification } from "./chain.ts";
export type { Freshness } from "./freshness.ts";
export type { LastFailure, LastRun } from "./last-run.ts";
export type { RunManifest, UnreadableRun } from "./run-manifest.ts";
export type { RunSummary } from "./run-summary.ts";
export { snapshotAgeMs, YOUNG_MS } from "./snapshot-age.ts";
export { isUnreadable } from "./unreadable.ts";
export type { Verification, VerifyOptions } from "./verify.ts";

/** The committed snapshots of a tenant. Nothing is cached: each call asks the storage again. */
export class Snapshots {
  /** Directory id, even if a domain was given. */
  readonly tenantId: string;
  readonly #container: Container;
  readonly #signal: AbortSignal;

  /**
   * @param signal the one that `container` was opened with
   * @internal
   */
  constructor(container: Container, tenantId: string, signal: AbortSignal) {
    this.tenantId = tenantId;
    this.#container = container;
    this.#signal = signal;
  }

  /**
   * Ids of the runs, newest first, without reading their manifests.
   *
   * @throws {RollcallError} the storage's errors, also if there is no such container
   */
  async runs(): Promise<readonly string[]> {
    return committedRuns(this.#container, this.tenantId);
  }

  /**
   * The manifests, newest first, and nothing else: years of runs take seconds. One that cannot be read does not hide the
   * others; it has an `error`.
   *
   * @param runs ids from {@link runs}; absent: all
   * @throws {RollcallError} the storage's errors
   */
  async *manifests(runs?: readonly string[]): AsyncGenerator<RunManifest | UnreadableRun, void, undefined> {
    yield* readManifests(this.#container, this.tenantId, runs ?? (await this.runs()));
  }

  /**
   * Summaries of the {@link manifests}, newest first.
   *
   * @param runs ids from {@link runs}; absent: all
   * @throws {RollcallError} the storage's errors
   */
  async *list(runs?: readonly string[]): AsyncGenerator<RunSummary | UnreadableRun, void, undefined> {
    for await (const run of this.manifests(runs)) yield "error" in run ? run : summaryOf(run);
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
   * How the last run ended, good or bad; `undefined` if nothing is known. A help for people: it proves nothing.
   *
   * @throws the signal's reason when it is aborted
   */
  lastRun(): Promise<LastRun | undefined> {
    return readLastRun(this.#container, this.tenantId);
  }

  /**
   * What can be told without a key of a run's signature: whether it is there where it should be, and has the right form.
   *
   * @throws {RollcallError} as {@link openSnapshot} for its manifest, and the storage's errors
   * @internal
   */
  async signatureForm(folder: RunFolder): Promise<SignatureFinding> {
    const stored = await requireManifest(this.#container, folder);
    return checkSignature(this.#container, { folder, ...stored }, undefined);
  }

  /**
   * The snapshot that `latest.json` points at.
   *
   * @throws {RollcallError} as {@link open}
   */
  latest(): Promise<StoredSnapshot> {
    return this.open();
  }

  /**
   * Finds a snapshot and checks what can be checked without reading its parts.
   *
   * @param run a run's id, or a beginning that only one id has; absent or `latest`: the latest
   * @throws {RollcallError} `snapshot-not-found`, `snapshot-damaged` and `manifest-unsupported`, naming the blob
   */
  async open(run?: string): Promise<StoredSnapshot> {
    const snapshot = await openSnapshot(this.#container, this.tenantId, run);
    return new StoredSnapshot(this.#container, snapshot, this.#signal);
  }

  /**
   * The newest snapshot before the given one.
   *
   * @throws {RollcallError} as {@link open}
   */
  async before({ folder: { runId } }: Snapshot): Promise<StoredSnapshot> {
    const before = (await this.runs()).find((other) => other < runId);
    if (before !== undefined) return this.open(before);
    throw new RollcallError("snapshot-not-found", {
      doing: `looking for the snapshot before ${runId}`,
      problem: "there is none",
      remedy: "`rollcall list` shows the snapshots. After the next run, there will be two to compare.",
    });
  }

  /**
   * Reads all of a snapshot again and checks it against its manifest, even if {@link open} refuses it.
   *
   * @param run as for {@link open}
   * @returns what was found; damage is not an error here
   * @throws {RollcallError} `snapshot-not-found`, `manifest-unsupported`; `snapshot-damaged` only if `latest.json` does not
   *   say which run is meant; `verification-key-unusable`
   */
  verify(run?: string, options?: VerifyOptions): Promise<Verification> {
    return verifySnapshot(this.#container, this.tenantId, run, options);
  }

  /**
   * Verifies every run, newest first. If `latest.json` points at a run whose manifest is gone, that run comes last. A
   * manifest with an unknown schema is a finding like any other.
   *
   * @param some ids from {@link runs}, if only these are meant; then `latest.json` is not looked at
   * @throws {RollcallError} `verification-key-unusable`, the storage's errors; as {@link pointer}, but only after all other runs
   */
  async *verifyAll(
    options?: VerifyOptions,
    some?: readonly string[],
  ): AsyncGenerator<Verification, void, undefined> {
    const runs = some ?? (await this.runs());
    for (const runId of runs) yield await this.#verifyAnySchema(runId, options);
    if (some) return;
    const latest = await this.pointer();
    if (latest && !runs.includes(latest.runId)) yield await this.verify(undefined, options);
  }

  /**
   * Follows the chain of manifests from the newest run back, without reading parts.
   *
   * @param since where to stop: a run's id or its beginning, or a date such as `2026-11-22`; absent: at the oldest run
   * @param keep rules by which runs were pruned: a pruned run that they would have kept is a problem; absent: none is
   * @param until where to begin, spelled as `since`; nothing then vouches for the run where it begins. Absent: at the newest
   * @returns what was found; a broken chain is no error here
   * @throws {RollcallError} `snapshot-not-found` if there is no snapshot, or none since then; the storage's errors
   */
  verifyChain(since?: string, keep?: KeepRules, until?: string): Promise<ChainVerification> {
    return verifyChain(this.#container, this.tenantId, since, keep, until);
  }

  /**
   * How old the newest whole snapshot is, whatever `latest.json` says.
   *
   * @param nowMs the present, in milliseconds since the Unix epoch
   * @throws {RollcallError} `clock-wrong` if it was finished in the future, `manifest-unsupported`, the storage's errors
   */
  freshness(nowMs: number): Promise<Freshness> {
    return freshness(this.#container, this.tenantId, nowMs);
  }

  async #verifyAnySchema(runId: string, options?: VerifyOptions): Promise<Verification> {
    try {
      return await this.verify(runId, options);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const blob = manifestPath(folderOf(this.tenantId, runId));
      const { problem } = error;
      return { runId, whole: false, users: 0, parts: 0, bytes: 0, problems: [{ blob, problem }] };
    }
  }
}

/**
 * A committed snapshot. Its manifest was sound and all of its parts existed when it was opened. The users can be read any
 * number of times; leaving the loop early ends the reading. Memory: one part, some 14 MB once it is decompressed, and the
 * next as it is stored.
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

  /**
   * @param signal the one that `container` was opened with
   * @internal
   */
  constructor(container: Container, snapshot: Snapshot, signal: AbortSignal) {
    this.folder = snapshot.folder;
    this.manifest = snapshot.manifest;
    this.manifestSha256 = snapshot.manifestSha256;
    this.isLatest = snapshot.isLatest;
    this.#container = container;
    this.#signal = signal;
  }

  /**
   * The users, one after another, in the order of the parts.
   *
   * @throws {RollcallError} `snapshot-damaged` before the first user of a part that does not match the manifest; the users
   *   so far are then not all
   */
  async *users(): AsyncGenerator<User, void, undefined> {
    using ahead = this.#partsAhead();
    for (const part of this.manifest.parts) {
      let number = 0;
      for await (const lines of partLines(this.#container, this.folder, part, { ahead })) {
        this.#signal.throwIfAborted();
        for (const line of lines) {
          number++;
          const user = parseUser(line);
          if (!user) {
            const blob = `${this.folder.path}/${part.name}`;
            throw new SnapshotDamaged(blob, `line ${number} is not a JSON object with an id`);
          }
          yield user;
        }
      }
    }
  }

  /**
   * The users as JSON without line breaks, for callers that pass them on unparsed.
   *
   * @throws {RollcallError} as {@link users}, but the lines are not checked
   */
  async *lines(): AsyncGenerator<string, void, undefined> {
    for await (const lines of this.lineBatches()) yield* lines;
  }

  /**
   * The lines in batches of some hundred, as they are decompressed, for callers that filter or write many at once.
   *
   * @throws {RollcallError} as {@link lines}
   */
  async *lineBatches(): AsyncGenerator<readonly string[], void, undefined> {
    using ahead = this.#partsAhead();
    for (const part of this.manifest.parts) {
      for await (const lines of partLines(this.#container, this.folder, part, { ahead })) {
        this.#signal.throwIfAborted();
        yield lines;
      }
    }
  }

  /**
   * The same lines as bytes, each ended by a line feed, in blocks that are valid until the next is asked for.
   *
   * @throws {RollcallError} as {@link lines}
   * @internal
   */
  async *blocks(): AsyncGenerator<Buffer, void, undefined> {
    using ahead = this.#partsAhead();
    for (const part of this.manifest.parts) {
      for await (const block of partBlocks(this.#container, this.folder, part, ahead)) {
        this.#signal.throwIfAborted();
        yield block;
      }
    }
  }

  /**
   * What changed since the previous snapshot, some hundred changes at a time; nothing if the manifest has no changes.
   *
   * @throws {RollcallError} `snapshot-damaged` before the first change of a part that does not match the manifest
   */
  async *changes(): AsyncGenerator<readonly ChangeRecord[], void, undefined> {
    const { changes } = this.manifest;
    if (!changes) return;
    for await (const records of readChanges(this.#container, this.folder, changes)) {
      this.#signal.throwIfAborted();
      yield records;
    }
  }

  /**
   * This snapshot as one side of a comparison.
   *
   * @internal
   */
  get side(): Side {
    return snapshotSide(this.#container, this);
  }

  /**
   * Reads all of it again and checks it against its manifest: hashes, lines, keys, duplicate ids and totals.
   *
   * @returns what was found; damage is not an error here
   * @throws {RollcallError} `verification-key-unusable`, the storage's errors
   */
  verify(options?: VerifyOptions): Promise<Verification> {
    return verifySnapshot(this.#container, this.folder.tenantId, this.folder.runId, options);
  }

  #partsAhead(): PartsAhead {
    return new PartsAhead(this.#container, this.folder, this.manifest.parts);
  }
}
