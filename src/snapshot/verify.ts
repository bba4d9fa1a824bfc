import { changeFindings } from "../changes/change-lines.ts";
import { RollcallError } from "../error.ts";
import { IdSet } from "../rows/id-set.ts";
import type { Container } from "../storage/container.ts";
import { type Finding, latestContradictions, manifestContradictions } from "./contradictions.ts";
import { allParts, checkFormatPart, formatPartsOf } from "./format-parts.ts";
import { folderOf, manifestPath, type RunFolder } from "./layout.ts";
import { LineTally } from "./line-tally.ts";
import type { Manifest } from "./manifest.ts";
import type { PartEntry } from "./part.ts";
import { partLines } from "./part-reader.ts";
import { requireManifest, resolveRun } from "./reader.ts";

/** What became of a verification. */
export interface Verification {
  readonly runId: string;
  /** Whether nothing was found. */
  readonly whole: boolean;
  /** Different users found in the parts. */
  readonly users: number;
  /** Parts in the manifest, of all formats. */
  readonly parts: number;
  /** Bytes of the manifest's parts as they are stored. */
  readonly bytes: number;
  /** Everything that was found, in the order of the parts. */
  readonly problems: readonly Finding[];
}

/**
 * Reads a snapshot again, all of it, and holds it against its manifest. Goes on behind a problem, to find the others.
 *
 * Memory: one part, and 24 bytes a user for telling duplicates.
 *
 * @param run as for `openSnapshot`
 * @throws {RollcallError} `snapshot-not-found`, `manifest-unsupported`; `snapshot-damaged` only for a `latest.json` that
 *   does not tell which run is meant
 */
export async function verifySnapshot(
  container: Container,
  tenantId: string,
  run?: string,
): Promise<Verification> {
  const { runId, latest } = await resolveRun(container, tenantId, run);
  const folder = folderOf(tenantId, runId);
  const read = await findingOr(manifestPath(folder), () => requireManifest(container, folder, latest));
  if ("problem" in read) return { runId, whole: false, users: 0, parts: 0, bytes: 0, problems: [read] };
  const { manifest, bytes } = read;
  const problems: Finding[] = [
    ...(latest ? latestContradictions(latest, folder, manifest, bytes) : []),
    ...manifestContradictions(manifest, folder),
  ];

  const ids = new IdSet();
  let unread = 0;
  for (const part of manifest.parts) {
    const blob = `${folder.path}/${part.name}`;
    const tally = new LineTally(manifest.source.properties, ids);
    const outcome = await findingOr(blob, () => readPart(container, folder, part, tally));
    problems.push(...tally.problems().map((problem) => ({ blob, problem })));
    if ("problem" in outcome) {
      problems.push(outcome);
      unread++;
    }
  }
  if (unread === 0 && ids.size !== manifest.completeness.unique) {
    const problem = `it says ${manifest.completeness.unique} users; its parts hold ${ids.size} different ones`;
    problems.push({ blob: manifestPath(folder), problem });
  }
  for (const { format, part } of formatPartsOf(manifest)) {
    const blob = `${folder.path}/${part.name}`;
    const outcome = await findingOr(blob, () => checkFormatPart(container, folder, format, part));
    if ("problem" in outcome) problems.push(outcome);
  }
  if (manifest.changes) problems.push(...(await changeFindings(container, folder, manifest.changes)));
  const stored = await storedParts(container, folder, manifest);
  problems.push(...stored.extra.map((blob) => ({ blob, problem: "the manifest does not list it" })));
  return {
    runId,
    whole: problems.length === 0,
    users: ids.size,
    parts: allParts(manifest).length,
    bytes: stored.bytes,
    problems,
  };
}

async function readPart(
  container: Container,
  folder: RunFolder,
  part: PartEntry,
  tally: LineTally,
): Promise<object> {
  for await (const lines of partLines(container, folder, part)) for (const line of lines) tally.add(line);
  return {};
}

/** Damage to a blob as a finding; any other failure ends the verification. */
async function findingOr<T extends object>(blob: string, read: () => Promise<T>): Promise<T | Finding> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RollcallError) || error.code !== "snapshot-damaged") throw error;
    return { blob, problem: error.problem };
  }
}

async function storedParts(container: Container, folder: RunFolder, manifest: Manifest) {
  const listed = new Set(allParts(manifest).map(({ name }) => `${folder.path}/${name}`));
  const extra: string[] = [];
  let total = 0;
  for await (const { path, bytes } of container.list(`${folder.path}/`)) {
    if (!/\/(users|changes)-[^/]*$/.test(path)) continue;
    if (listed.has(path)) total += bytes;
    else extra.push(path);
  }
  return { bytes: total, extra };
}
