import { MAX_PART_CONTENT_BYTES } from "../rows/line-limit.ts";
import { compareWithCounts } from "./completeness.ts";
import { FINGERPRINT_BYTES } from "./fingerprints.ts";
import { formatContradictions } from "./format-parts.ts";
import { fingerprintsPartName, latestPath, manifestPath, partName, type RunFolder } from "./layout.ts";
import type { Latest, Manifest } from "./manifest.ts";

/** Something wrong with a snapshot. */
export interface Finding {
  /** Path of the blob from the container. */
  readonly blob: string;
  /** A clause without a full stop. */
  readonly problem: string;
}

/**
 * Where a manifest contradicts itself or the folder it was found in. The sums show that no part was removed or added
 * twice. The completeness rule is applied again, so that nobody can write a verdict by hand.
 */
export function manifestContradictions(manifest: Manifest, folder: RunFolder): readonly Finding[] {
  const { tenantId, runId, source, completeness, parts } = manifest;
  const { listed, unique, duplicates, counted, countedAfter, verdict } = completeness;
  const users = parts.reduce((sum, part) => sum + part.users, 0);
  const problems: string[] = [];
  if (tenantId !== folder.tenantId) problems.push(`it belongs to tenant ${tenantId}`);
  if (runId !== folder.runId) problems.push(`it belongs to run ${runId}`);
  if (parts.some(({ name }, index) => name !== partName(index))) problems.push("it names its parts wrongly");
  if (unique === 0) problems.push("it says that there are no users; an empty list is never published");
  if (users !== unique) problems.push(`its parts add up to ${users} users; it says ${unique}`);
  if (parts.some(({ users, bytes }) => users > mostUsersIn(bytes))) {
    problems.push("it says that a part has more users than fit into it");
  }
  if (listed - unique !== duplicates) {
    problems.push(`of ${listed} listed users ${unique} are unique, but it says ${duplicates} duplicates`);
  }
  if (verdict !== (counted === null ? "uncounted" : "complete")) {
    problems.push(`its verdict is ${verdict}, but its count is ${counted ?? "missing"}`);
  }
  const counts = [...new Set([counted, countedAfter ?? null])].filter((count) => count !== null);
  const comparison = counts.length === 0 ? "whole" : compareWithCounts(unique, counts);
  const said = `its verdict is ${verdict}, but ${unique} of ${counts.join(" and ")} users are`;
  if (comparison === "short" || comparison === "disputed")
    problems.push(`${said} fewer than the rule allows`);
  // Rollcall 1.0 counted once, and accepted a listing that exceeded its count.
  if (comparison === "exceeds" && countedAfter !== undefined)
    problems.push(`${said} more than the rule allows`);
  if (new Set(source.properties).size !== source.properties.length || !source.properties.includes("id")) {
    problems.push("its properties contain duplicates or lack the id");
  }
  problems.push(
    ...tallyContradictions(manifest),
    ...formatContradictions(manifest),
    ...fingerprintContradictions(manifest),
  );
  return problems.map((problem) => ({ blob: manifestPath(folder), problem }));
}

function tallyContradictions({ tallies, completeness, changes }: Manifest): readonly string[] {
  if (!tallies) return [];
  const { unique } = completeness;
  const moves = ["joined", "left", "changed"] as const;
  return [
    ...(tallies.users === unique ? [] : [`its tallies say ${tallies.users} users; it says ${unique}`]),
    ...(moves.every((move) => tallies[move] === (changes?.[move] ?? null))
      ? []
      : ["its tallies and its changes differ on who joined, left and changed"]),
  ];
}

function fingerprintContradictions({ fingerprints, completeness }: Manifest): readonly string[] {
  if (!fingerprints) return [];
  const users = fingerprints.reduce((sum, part) => sum + part.users, 0);
  return [
    ...(fingerprints.some(({ name }, index) => name !== fingerprintsPartName(index))
      ? ["it names the parts of the fingerprints wrongly"]
      : []),
    ...(fingerprints.some((part) => part.bytes !== part.users * FINGERPRINT_BYTES)
      ? [`its fingerprints have not ${FINGERPRINT_BYTES} bytes for each user`]
      : []),
    ...(users === completeness.unique
      ? []
      : [`its fingerprints add up to ${users} users; it says ${completeness.unique}`]),
  ];
}

/** Deflate makes a byte out of no more than 1,032 (https://zlib.net/zlib_tech.html); a line has an id at least. */
function mostUsersIn(bytes: number): number {
  const shortestLine = '{"id":"00000000-0000-0000-0000-000000000000"}\n'.length;
  return Math.min(1032 * bytes, MAX_PART_CONTENT_BYTES) / shortestLine;
}

/**
 * Where `latest.json` and the manifest that it points at contradict each other.
 *
 * @param manifestSha256 of the manifest's bytes as stored
 */
export function latestContradictions(
  latest: Latest,
  folder: RunFolder,
  manifest: Manifest,
  manifestSha256: string,
): readonly Finding[] {
  if (manifestSha256 !== latest.sha256) {
    return [{ blob: manifestPath(folder), problem: "its SHA-256 is not the one in latest.json" }];
  }
  const agrees =
    latest.manifest === manifestPath(folder) &&
    latest.users === manifest.completeness.unique &&
    latest.finishedAt === manifest.finishedAt;
  return agrees
    ? []
    : [{ blob: latestPath(folder.tenantId), problem: "it does not agree with its manifest" }];
}
