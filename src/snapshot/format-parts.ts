import { EXTRA_FORMAT_NAMES, type ExtraFormatName } from "../settings/format-name.ts";
import { FORMAT_EXTENSIONS, partName } from "./layout.ts";
import type { FormatParts, Manifest } from "./manifest.ts";
import type { PartEntry } from "./part.ts";

/** The part of a manifest that lists its parts. */
interface WithFormats {
  readonly parts: readonly PartEntry[];
  readonly formats?: FormatParts | undefined;
}

/** The parts of a snapshot's users, in all formats. */
export function partsOfAllFormats(manifest: WithFormats): readonly PartEntry[] {
  return [...manifest.parts, ...formatsOf(manifest).flatMap(([, parts]) => parts)];
}

/** All parts that readers take: of the users, in whatever format, and of what changed. */
export function readableParts(manifest: Manifest): readonly PartEntry[] {
  return [...partsOfAllFormats(manifest), ...(manifest.changes?.parts ?? [])];
}

/** All parts in a run's folder: those that readers take, and the fingerprints. */
export function allParts(manifest: Manifest): readonly PartEntry[] {
  return [...readableParts(manifest), ...(manifest.fingerprints ?? [])];
}

/** Where a manifest's other formats do not hold the same users as its JSON lines. Clauses without a full stop. */
export function formatContradictions(manifest: WithFormats): readonly string[] {
  const expected = usersIn(manifest.parts);
  return formatsOf(manifest).flatMap(([format, parts]) => {
    const problems: string[] = [];
    if (parts.some(({ name }, index) => name !== partName(index, FORMAT_EXTENSIONS[format])))
      problems.push(`it names its ${format} parts wrongly`);
    const users = usersIn(parts);
    if (users !== expected)
      problems.push(`its ${format} parts add up to ${users} users, its JSON lines to ${expected}`);
    return problems;
  });
}

/** Each part in a format other than JSON lines. */
export function formatPartsOf(
  manifest: WithFormats,
): readonly { readonly format: ExtraFormatName; readonly part: PartEntry }[] {
  return formatsOf(manifest).flatMap(([format, parts]) => parts.map((part) => ({ format, part })));
}

function formatsOf(manifest: WithFormats): readonly (readonly [ExtraFormatName, readonly PartEntry[]])[] {
  return EXTRA_FORMAT_NAMES.flatMap((name) => {
    const parts = manifest.formats?.[name];
    return parts === undefined ? [] : [[name, parts] as const];
  });
}

function usersIn(parts: readonly PartEntry[]): number {
  return parts.reduce((sum, { users }) => sum + users, 0);
}
