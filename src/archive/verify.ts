import { changeFindings } from "../changes/change-lines.ts";
import { IdSet } from "../rows/id-set.ts";
import type { PublicKeys } from "../signature/public-keys.ts";
import type { SignatureFinding } from "../signature/verify-signature.ts";
import { type Finding, latestContradictions, manifestContradictions } from "../snapshot/contradictions.ts";
import { readFingerprints } from "../snapshot/fingerprints.ts";
import { allParts, formatPartsOf, readableParts } from "../snapshot/format-parts.ts";
import { folderOf, manifestPath, type RunFolder } from "../snapshot/layout.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import type { PartEntry } from "../snapshot/part.ts";
import { partBlocks } from "../snapshot/part-reader.ts";
import { PartsAhead } from "../snapshot/parts-ahead.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import { UserTally } from "../snapshot/tallies.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { FingerprintCheck } from "./fingerprint-check.ts";
import { checkFormatPart } from "./format-check.ts";
import { LineTally } from "./line-tally.ts";
import { requireManifest, resolveRun } from "./reader.ts";
import { checkSignature, signatureFindings } from "./signature-check.ts";
import { tallyFindings } from "./tally-check.ts";

const LINE_FEED = 0x0a;
/** Ids for which there is room from the start, 100 MB of it; there may be more. */
const MAX_EXPECTED_USERS = 4e6;

/** The result of a verification. */
export interface Verification {
  readonly runId: string;
  /** Whether no problems were found. */
  readonly whole: boolean;
  /** Different users found in the parts. */
  readonly users: number;
  /** Parts in the manifest, of all formats. */
  readonly parts: number;
  /** Stored bytes of the manifest's parts. */
  readonly bytes: number;
  /** What its signature is found to be; absent if its manifest cannot be read. */
  readonly signature?: SignatureFinding;
  /** All problems, in the order of the parts. */
  readonly problems: readonly Finding[];
}

/** How a signature is looked at. Whatever is wrong with it is a problem like any other. */
export interface VerifyOptions {
  /** What it is checked with; absent: nothing but its form is. */
  readonly keys?: PublicKeys | undefined;
  /** Whether it is a problem if there is none, or none that was checked; `false` when absent. */
  readonly requireSignature?: boolean | undefined;
  /** Told how many stored bytes are going to be read; not where the manifest cannot be read. */
  readonly onStart?: ((runId: string, totalBytes: number) => void) | undefined;
}

/**
 * Reads all of a snapshot again and checks it against its manifest. Continues after a problem, to find the others.
 *
 * Memory: two parts, one of them as it is stored, 22 bytes a user to find duplicates, and 24 for fingerprints.
 *
 * @param run as for `openSnapshot`
 * @throws {RollcallError} `snapshot-not-found`, `manifest-unsupported`; `snapshot-damaged` only if `latest.json` does not
 *   say which run is meant; `verification-key-unusable`
 * @internal
 */
export async function verifySnapshot(
  container: Container,
  tenantId: string,
  run?: string,
  { keys, requireSignature = false, onStart }: VerifyOptions = {},
): Promise<Verification> {
  const { runId, latest } = await resolveRun(container, tenantId, run);
  const folder = folderOf(tenantId, runId);
  const problems: Finding[] = [];
  const opened = await unlessDamaged(problems, () => requireManifest(container, folder, latest));
  if (!opened) return { runId, whole: false, users: 0, parts: 0, bytes: 0, problems };
  const { manifest, bytes } = opened;
  onStart?.(
    runId,
    allParts(manifest).reduce((sum, part) => sum + part.bytes, 0),
  );
  if (latest) problems.push(...latestContradictions(latest, folder, manifest, sha256Of(bytes)));
  problems.push(...manifestContradictions(manifest, folder));
  const signature = await checkSignature(container, { folder, manifest, bytes }, keys);
  problems.push(...signatureFindings(folder, signature, requireSignature));
  const users = await verifyUsers(container, folder, manifest, problems);
  for (const { format, part } of formatPartsOf(manifest)) {
    await unlessDamaged(problems, () => checkFormatPart(container, folder, format, part));
  }
  if (manifest.changes) problems.push(...(await changeFindings(container, folder, manifest.changes)));
  const stored = await storedParts(container, folder, manifest);
  problems.push(...stored.extra.map((blob) => ({ blob, problem: "the manifest does not list it" })));
  return {
    runId,
    whole: problems.length === 0,
    users,
    parts: readableParts(manifest).length,
    bytes: stored.bytes,
    signature,
    problems,
  };
}

/** @returns number of different users in the parts, as far as they can be read */
async function verifyUsers(
  container: Container,
  folder: RunFolder,
  manifest: Manifest,
  problems: Finding[],
): Promise<number> {
  const { parts, completeness } = manifest;
  // A manifest may say any number.
  const ids = new IdSet(Math.min(completeness.unique, MAX_EXPECTED_USERS));
  const { fingerprints = [] } = manifest;
  const stored = await unlessDamaged(problems, () => readFingerprints(container, folder, fingerprints));
  const check = manifest.fingerprints && stored && new FingerprintCheck(folder, fingerprints, stored);
  const counted = new UserTally();
  const before = problems.length;
  let isAllRead = true;
  using ahead = new PartsAhead(container, folder, parts);
  for (const part of parts) {
    const blob = `${folder.path}/${part.name}`;
    const tally = new LineTally(manifest.source.properties, ids, counted);
    const damages: Finding[] = [];
    await unlessDamaged(damages, async () => {
      for await (const block of partBlocks(container, folder, part, ahead)) {
        for (const line of linesOf(block)) {
          tally.add(line);
          check?.add(line, tally.hasId ? tally.id : undefined);
        }
      }
    });
    isAllRead &&= damages.length === 0;
    problems.push(...tally.problems().map((problem) => ({ blob, problem })), ...damages);
  }
  if (isAllRead && ids.size !== completeness.unique) {
    const problem = `it says ${completeness.unique} users; its parts hold ${ids.size} different ones`;
    problems.push({ blob: manifestPath(folder), problem });
  }
  // Lines that are wrong themselves have been told of.
  if (problems.length === before) {
    problems.push(...tallyFindings(counted, folder, manifest), ...(check?.findings() ?? []));
  }
  return ids.size;
}

/** The lines of a block, without their line feeds. */
function* linesOf(block: Buffer): Generator<Buffer, void, undefined> {
  for (let start = 0; start < block.length; ) {
    const end = block.indexOf(LINE_FEED, start);
    yield block.subarray(start, end);
    start = end + 1;
  }
}

/** Adds damage to the findings; any other failure ends the verification. */
async function unlessDamaged<T>(findings: Finding[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    findings.push({ blob: error.blob, problem: error.problem });
    return undefined;
  }
}

async function storedParts(container: Container, folder: RunFolder, manifest: Manifest) {
  const pathOf = ({ name }: PartEntry) => `${folder.path}/${name}`;
  const listed = new Set(allParts(manifest).map(pathOf));
  const readable = new Set(readableParts(manifest).map(pathOf));
  const extra: string[] = [];
  let total = 0;
  for await (const { path, bytes } of container.list(`${folder.path}/`)) {
    if (readable.has(path)) total += bytes;
    else if (!listed.has(path) && /\/(users|changes|fingerprints)-[^/]*$/.test(path)) extra.push(path);
  }
  return { bytes: total, extra };
}
