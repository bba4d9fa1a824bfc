import { countCsvRows } from "../formats/csv.ts";
import { EXTENSIONS } from "../formats/extra-format.ts";
import { EXTRA_FORMAT_NAMES, type ExtraFormatName } from "../formats/format-name.ts";
import type { Container } from "../storage/container.ts";
import { damaged } from "./damaged.ts";
import { partName, type RunFolder } from "./layout.ts";
import type { PartEntry } from "./part.ts";
import { readBody } from "./part-reader.ts";

/** The parts of a snapshot in other formats than JSON lines; absent: the run did not write that one. */
export type FormatParts = { readonly [name in ExtraFormatName]?: readonly PartEntry[] | undefined };

/** What of a manifest this file is about. */
interface WithFormats {
  readonly parts: readonly PartEntry[];
  readonly formats?: FormatParts | undefined;
}

/** All parts of a snapshot, in whatever format. */
export function partsOfAllFormats(manifest: WithFormats): readonly PartEntry[] {
  return [...manifest.parts, ...formatsOf(manifest).flatMap(([, parts]) => parts)];
}

/** All parts in a run's folder: of its users, in whatever format, and of what changed. */
export function allParts(
  manifest: WithFormats & { readonly changes: { readonly parts: readonly PartEntry[] } | null },
): readonly PartEntry[] {
  return [...partsOfAllFormats(manifest), ...(manifest.changes?.parts ?? [])];
}

/** Where a manifest's other formats do not hold the same users as its JSON lines. Clauses without a full stop. */
export function formatContradictions(manifest: WithFormats): readonly string[] {
  const expected = usersIn(manifest.parts);
  return formatsOf(manifest).flatMap(([format, parts]) => {
    const problems: string[] = [];
    if (parts.some(({ name }, index) => name !== partName(index, EXTENSIONS[format])))
      problems.push(`it names its ${format} parts wrongly`);
    const users = usersIn(parts);
    if (users !== expected)
      problems.push(`its ${format} parts add up to ${users} users, its others to ${expected}`);
    return problems;
  });
}

/** Each part in another format than JSON lines. */
export function formatPartsOf(
  manifest: WithFormats,
): readonly { readonly format: ExtraFormatName; readonly part: PartEntry }[] {
  return formatsOf(manifest).flatMap(([format, parts]) => parts.map((part) => ({ format, part })));
}

/**
 * Reads a part in another format and holds it against its entry: bytes, hash, and the users that the file itself says it
 * has.
 *
 * @throws {RollcallError} `snapshot-damaged` naming the blob
 */
export async function checkFormatPart(
  container: Container,
  folder: RunFolder,
  format: ExtraFormatName,
  part: PartEntry,
): Promise<object> {
  const path = `${folder.path}/${part.name}`;
  const body = await readBody(container, path, part);
  const rows = await countRows(format, body);
  if (rows === undefined) throw damaged(path, `it is no whole ${format} file`);
  if (rows !== part.users) throw damaged(path, `it has ${rows} users; the manifest says ${part.users}`);
  return {};
}

async function countRows(format: ExtraFormatName, body: Buffer): Promise<number | undefined> {
  if (format === "csv") return countCsvRows(body);
  const { countParquetRows } = await import("../formats/parquet-rows.ts");
  return countParquetRows(body);
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
