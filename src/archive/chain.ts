import { RollcallError } from "../error.ts";
import type { KeepRules } from "../settings/keep-rules.ts";
import { type Finding, latestContradictions } from "../snapshot/contradictions.ts";
import { folderOf, latestPath, manifestPath, prunedManifestPath, tenantFolder } from "../snapshot/layout.ts";
import { type Latest, MANIFEST_SCHEMA, type Manifest } from "../snapshot/manifest.ts";
import type { Container } from "../storage/container.ts";
import { keptBy } from "./keep.ts";
import { readLatest } from "./latest.ts";
import { listRunIds, type RunIds } from "./reader.ts";
import { type RunManifest, readManifests, type UnreadableRun } from "./run-manifest.ts";
import { isUnreadable } from "./unreadable.ts";

/** What became of a walk along the chain of manifests. */
export interface ChainVerification {
  /** Whether nothing was found. */
  readonly holds: boolean;
  /** Where the walk began: the run that `latest.json` points at, else the newest that was asked for; `null` if there is none. */
  readonly newest: string | null;
  /** The last run up to which every link holds; `null` if not even {@link newest} can be read, or was to be. */
  readonly oldest: string | null;
  /** Runs on the chain, both ends included. */
  readonly runs: number;
  /** Why the chain ends at {@link oldest}. */
  readonly end: ChainEnd;
  /** Runs on the chain that say themselves why they link to none: no earlier snapshot was whole. Newest first. */
  readonly gaps: readonly string[];
  /** Runs beside the chain that a run on it found damaged or misdated, and skipped. Newest first. */
  readonly skipped: readonly string[];
  /** Runs on the chain that were pruned: their manifests are left, and link, but not their users. Newest first. */
  readonly pruned: readonly string[];
  /** Everything that was found: in `latest.json`, the link that does not hold, and runs beside the chain. */
  readonly problems: readonly Finding[];
}

/**
 * - `first-run`: there is nothing older.
 * - `deleted`: its predecessor is gone, and everything older too, as a retention rule leaves it.
 * - `not-recorded`: Rollcall 1 wrote its manifest, and did not record links.
 * - `since`: the walk was asked to end here.
 * - `broken`: the next link does not hold.
 */
export type ChainEnd = "first-run" | "deleted" | "not-recorded" | "since" | "broken";

/**
 * Follows `previous.sha256` from the newest run back, reading manifests and nothing else. Ends at the first link that does
 * not hold, because nothing vouches for what is older.
 *
 * Of a run that was pruned, its manifest is read where that was left: it has to have the SHA-256 that its successor
 * recorded like any other, so nobody can put another one in its place.
 *
 * @param since where the walk ends: a run's id or its beginning, or a date such as `2026-11-22`; absent: it goes on as far
 *   as there are links
 * @param keep rules by which runs were pruned: a pruned run that they would have kept is a problem; absent: none is.
 *   They begin at the newest run, so they are not applied with `until`
 * @param until where it begins, spelled alike; a date or a beginning means the newest of its runs. Then no newer run, and not
 *   `latest.json` either, vouches for the one where it begins. Absent: at the newest run
 * @returns what was found; a broken chain is no error here
 * @throws {RollcallError} `snapshot-not-found` if there is no snapshot at all, or none since then; the storage's errors
 * @internal
 */
export async function verifyChain(
  container: Container,
  tenantId: string,
  since = "",
  keep: KeepRules = {},
  until?: string,
): Promise<ChainVerification> {
  const from = since.replaceAll("-", "");
  const all = await listRunIds(container, tenantId);
  const stored = { committed: untilRun(all.committed, until), pruned: untilRun(all.pruned, until) };
  const isCut = stored.committed.length < all.committed.length;
  const latest = isCut ? null : await latestOrFinding(container, tenantId);
  const walk = new ChainWalk(tenantId, stored, from, latest);
  const isFrom = (runId: string) => runId >= from;
  if (!stored.committed.some(isFrom) && (all.committed.length > 0 || !latest)) {
    throw noRuns(tenantId, since, until);
  }
  const pruned = new Set(stored.pruned);
  for await (const run of readManifests(container, tenantId, walk.stored.filter(isFrom), pruned)) {
    walk.meet(run);
    if (walk.isOver) break;
  }
  const older = walk.wantsReasons ? walk.stored.filter((runId) => !isFrom(runId)) : [];
  for await (const run of readManifests(container, tenantId, older, pruned)) {
    walk.meetForReasons(run);
    if (!walk.wantsReasons) break;
  }
  return walk.result(isCut ? {} : keep);
}

/** The runs up to one: an id or its beginning, or a date; each of its runs is meant. */
function untilRun(runs: readonly string[], until: string | undefined): readonly string[] {
  const to = until?.replaceAll("-", "");
  return to === undefined ? runs : runs.filter((runId) => runId.slice(0, to.length) <= to);
}

/** What is wrong with a run that is newer than the end of the chain and stands beside it. */
const STRAY =
  "it stands beside the chain: no newer run built on it, and none says that it skipped it. Somebody put it there " +
  "later, or two runs were at work at the same time";

/** A run that comes next on the chain. */
interface Link {
  readonly runId: string;
  /** What its successor recorded; absent where no run links to it. */
  readonly sha256?: string;
  readonly successor?: string;
}

/** Meets runs from the newest to the oldest, and knows at each which one the chain wants next. */
class ChainWalk {
  /** Ids of all runs of which there is a manifest, newest first. */
  readonly stored: readonly string[];
  readonly #tenantId: string;
  readonly #pruned: ReadonlySet<string>;
  readonly #newestCommitted: string | undefined;
  readonly #from: string;
  readonly #latest: Latest | undefined;
  readonly #chain: string[] = [];
  readonly #gaps: string[] = [];
  /** Runs that no newer run on the chain links to. */
  readonly #beside: string[] = [];
  /** Runs that a run on the chain says it skipped. */
  readonly #skipped = new Set<string>();
  readonly #latestProblems: Finding[] = [];
  #next: Link | undefined;
  /** What comes after the end that was asked for. */
  #beyond: Link | undefined;
  /** Set as soon as there is no next link. */
  #end: ChainEnd = "deleted";
  #broken: Finding | undefined;

  /**
   * @param from what is smaller is not met
   * @param latest `latest.json`, or why it is of no use; `undefined` where it is missing, `null` where it is not looked at
   */
  constructor(
    tenantId: string,
    { committed, pruned }: RunIds,
    from: string,
    latest: Latest | Finding | undefined | null,
  ) {
    this.#tenantId = tenantId;
    this.stored = [...committed, ...pruned].sort().reverse();
    this.#pruned = new Set(pruned);
    this.#newestCommitted = committed[0];
    this.#from = from;
    const blob = latestPath(tenantId);
    if (latest === null) this.#latest = undefined;
    else if (!latest) this.#latestProblems.push({ blob, problem: "it is missing" });
    else if ("problem" in latest) this.#latestProblems.push(latest);
    else if (committed.includes(latest.runId)) this.#latest = latest;
    else {
      const why = this.#pruned.has(latest.runId) ? "was pruned" : "is not stored";
      this.#latestProblems.push({ blob, problem: `it points at run ${latest.runId}, which ${why}` });
    }
    const runId = this.#latest?.runId ?? this.#newestCommitted;
    if (runId !== undefined) this.#expectLink({ runId });
  }

  /** Takes the next of the stored runs. */
  meet(run: RunManifest | UnreadableRun): void {
    const next = this.#next;
    if (this.#end === "since") this.#beside.push(run.runId);
    else if (!next) this.#meetBelowVersion1(run);
    else if (run.runId > next.runId) this.#beside.push(run.runId);
    else if (run.runId < next.runId) this.#judgeMissing(next);
    else this.#follow(next, run);
  }

  /** Whether older runs can tell nothing more. */
  get isOver(): boolean {
    return this.#next === undefined && this.#end !== "not-recorded" && this.#end !== "since";
  }

  /**
   * Whether runs stand beside the chain for which one on it may still give a reason, before the end that was asked for: a
   * run dated in the future is skipped by runs with a smaller id.
   */
  get wantsReasons(): boolean {
    return this.#beyond !== undefined && this.#beside.some((runId) => !this.#skipped.has(runId));
  }

  /** Takes the next of the runs before the end, which are not judged. */
  meetForReasons(run: RunManifest | UnreadableRun): void {
    const link = this.#beyond;
    if (!link || run.runId > link.runId) return;
    this.#beyond = undefined;
    if ("error" in run || run.runId !== link.runId) return;
    if (link.sha256 !== undefined && run.manifestSha256 !== link.sha256) return;
    for (const skipped of skippedBy(run.manifest)) this.#skipped.add(skipped);
    const { previous } = run.manifest;
    if (previous?.sha256 !== undefined) {
      this.#beyond = { runId: previous.runId, sha256: previous.sha256, successor: run.runId };
    }
  }

  /** @param keep see {@link verifyChain} */
  result(keep: KeepRules): ChainVerification {
    if (this.#next) this.#judgeMissing(this.#next);
    const newest = this.#latest?.runId ?? this.#newestCommitted ?? null;
    const strays = this.#beside.filter((runId) => !this.#skipped.has(runId));
    const newer = strays.filter((runId) => newest !== null && runId > newest);
    const problems = [
      ...this.#latestProblems,
      ...this.#newerThanLatest(newer),
      ...(this.#broken ? [this.#broken] : []),
      ...strays.slice(newer.length).map((runId) => ({ blob: this.#manifestPath(runId), problem: STRAY })),
      ...this.#prunedAgainst(keep),
    ];
    return {
      holds: problems.length === 0,
      newest,
      oldest: this.#chain.at(-1) ?? null,
      runs: this.#chain.length,
      end: this.#end,
      gaps: this.#gaps,
      skipped: this.#beside.filter((runId) => this.#skipped.has(runId)),
      pruned: this.#chain.filter((runId) => this.#pruned.has(runId)),
      problems,
    };
  }

  #follow({ sha256, successor }: Link, run: RunManifest | UnreadableRun): void {
    this.#next = undefined;
    const { runId } = run;
    if ("error" in run) this.#break(runId, `it cannot be read: ${run.error.problem}`);
    else if (sha256 !== undefined && run.manifestSha256 !== sha256) {
      const recorded = `the one that run ${successor} recorded when it built on it`;
      this.#break(runId, `it was rewritten: its SHA-256 is not ${recorded}`);
    } else this.#add(run);
  }

  #add({ runId, manifest, manifestSha256 }: RunManifest): void {
    if (runId === this.#latest?.runId) {
      const folder = folderOf(this.#tenantId, runId);
      this.#latestProblems.push(...latestContradictions(this.#latest, folder, manifest, manifestSha256));
    }
    this.#chain.push(runId);
    for (const skipped of skippedBy(manifest)) this.#skipped.add(skipped);
    if (manifest.previous) this.#expect(manifest, manifest.previous);
    else this.#expectNone(manifest);
  }

  #expect({ runId, schema }: Manifest, previous: NonNullable<Manifest["previous"]>): void {
    const { sha256 } = previous;
    if (sha256 === undefined && schema !== MANIFEST_SCHEMA) this.#end = "not-recorded";
    else if (sha256 === undefined) this.#break(runId, `it names run ${previous.runId} without its SHA-256`);
    else if (previous.runId >= runId) {
      this.#break(runId, `it names run ${previous.runId} as its predecessor, which is not older`);
    } else this.#expectLink({ runId: previous.runId, sha256, successor: runId });
  }

  /** What comes next when a run says that there was nothing that it could build on. */
  #expectNone(manifest: Manifest): void {
    const { runId, schema } = manifest;
    const older = this.stored.filter((other) => other < runId);
    const [newest] = older;
    if (newest === undefined) this.#end = "first-run";
    else if (schema !== MANIFEST_SCHEMA) this.#end = "not-recorded";
    else if (skippedBy(manifest).length > 0) {
      this.#gaps.push(runId);
      const next = older.find((other) => !this.#skipped.has(other));
      if (next === undefined) this.#end = "first-run";
      else this.#expectLink({ runId: next });
    } else {
      this.#break(
        runId,
        `it names no predecessor, although older runs are stored, the newest of them ${newest}`,
      );
    }
  }

  #expectLink(link: Link): void {
    if (link.runId >= this.#from) this.#next = link;
    else {
      this.#end = "since";
      this.#beyond = link;
    }
  }

  /**
   * The next run is not stored. A retention rule of the storage deletes the oldest first: then there is nothing older
   * either, except what is left of runs that were pruned, whose blob is younger than they are.
   */
  #judgeMissing({ runId, successor }: Link): void {
    this.#next = undefined;
    const older = this.stored.find((other) => other < runId && !this.#pruned.has(other));
    if (older === undefined) return;
    this.#break(
      runId,
      `it was removed: run ${successor} built on it, and no retention rule leaves older runs, such as ${older}`,
    );
  }

  #newerThanLatest([newest, ...others]: readonly string[]): readonly Finding[] {
    if (newest === undefined) return [];
    const are = others.length > 0 ? `and ${others.length} more are` : "is";
    const problem = `it points at run ${this.#latest?.runId}, but run ${newest} ${are} newer`;
    return [{ blob: latestPath(this.#tenantId), problem }];
  }

  /** Runs that were pruned although the rules keep them. A rule never lets go of what it keeps, see {@link keptBy}. */
  #prunedAgainst(keep: KeepRules): readonly Finding[] {
    const kept = keptBy(this.stored, keep);
    return this.#chain.flatMap((runId) => {
      const rules = kept.get(runId);
      if (!rules || !this.#pruned.has(runId)) return [];
      const problem = `it was pruned, although the rules keep it (${rules.join(", ")})`;
      return [{ blob: this.#manifestPath(runId), problem }];
    });
  }

  /** Rollcall 1 never builds on what version 2 wrote, so nothing of version 2 can be older than what it wrote. */
  #meetBelowVersion1(run: RunManifest | UnreadableRun): void {
    if ("error" in run || run.manifest.schema !== MANIFEST_SCHEMA) return;
    this.#break(
      run.runId,
      `it is of version 2, but run ${this.#chain.at(-1)} is newer and of version 1: one of the two was put there later`,
    );
  }

  #break(runId: string, problem: string): void {
    this.#end = "broken";
    this.#broken = { blob: this.#manifestPath(runId), problem };
  }

  #manifestPath(runId: string): string {
    const folder = folderOf(this.#tenantId, runId);
    return this.#pruned.has(runId) ? prunedManifestPath(folder) : manifestPath(folder);
  }
}

/** Runs that a run found and did not build on. The texts are those of `findPredecessor`. */
function skippedBy({ warnings }: Manifest): readonly string[] {
  return warnings.flatMap((warning) => {
    const [code, text = ""] = warning.split(": ");
    const names = code === "predecessor-damaged" || code === "run-in-future";
    return names ? (text.match(/\b\d{8}T\d{6}Z\b/g) ?? []) : [];
  });
}

async function latestOrFinding(
  container: Container,
  tenantId: string,
): Promise<Latest | Finding | undefined> {
  try {
    return await readLatest(container, tenantId);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { blob: latestPath(tenantId), problem: error.problem };
  }
}

function noRuns(tenantId: string, since: string, until: string | undefined): RollcallError {
  const range = [
    ...(since === "" ? [] : [`since ${since}`]),
    ...(until === undefined ? [] : [`until ${until}`]),
  ];

  return new RollcallError("snapshot-not-found", {
    doing: `following the chain of ${tenantFolder(tenantId)}`,
    problem:
      range.length === 0
        ? "no snapshot has been published yet"
        : `there is no committed snapshot ${range.join(" and ")}`,
    remedy: "`rollcall list` shows what there is. A run that did not finish left no snapshot.",
  });
}
