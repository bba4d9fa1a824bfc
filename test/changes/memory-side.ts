import type { Side } from "../../src/changes/side.ts";
import { folderOf } from "../../src/snapshot/layout.ts";
import type { PartEntry } from "../../src/snapshot/part.ts";

const TENANT = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const LINES_PER_BLOCK = 3;

/** A user with whatever else is needed. */
export type Row = Readonly<Record<string, unknown>> & { readonly id: string };

/** A snapshot in memory, which counts how often each part is read. */
export interface MemorySide extends Side {
  readonly reads: ReadonlyMap<string, number>;
}

/** How a {@link memorySide} is made. */
export interface MemorySideOptions {
  /** Of each line, in this order; those of the first row by default. */
  readonly properties?: readonly string[];
  readonly runId?: string;
  /** 10 by default. */
  readonly usersPerPart?: number;
}

/** The id of the nth user of a test. */
export function idOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index + 1).padStart(12, "0")}`;
}

/** Puts rows into parts. A row may be given as its line. */
export function memorySide(rows: readonly (Row | string)[], options: MemorySideOptions = {}): MemorySide {
  const { usersPerPart = 10, runId = "20261121T020000Z" } = options;
  const first = rows[0];
  const properties = options.properties ?? (typeof first === "object" ? Object.keys(first) : ["id"]);
  const lines = rows.map((row) => (typeof row === "string" ? row : lineOf(row, properties)));
  const parts: PartEntry[] = [];
  const linesOf = new Map<string, readonly string[]>();
  for (let at = 0; at < lines.length; at += usersPerPart) {
    const name = `users-${String(parts.length).padStart(5, "0")}.ndjson.gz`;
    const own = lines.slice(at, at + usersPerPart);
    parts.push({ name, users: own.length, bytes: 1, sha256: "0".repeat(64) });
    linesOf.set(name, own);
  }
  const reads = new Map<string, number>();
  async function* readBlocks({ name }: PartEntry): AsyncGenerator<Buffer> {
    reads.set(name, (reads.get(name) ?? 0) + 1);
    const own = linesOf.get(name) ?? [];
    for (let at = 0; at < own.length; at += LINES_PER_BLOCK) {
      yield Buffer.from(
        own
          .slice(at, at + LINES_PER_BLOCK)
          .map((line) => `${line}\n`)
          .join(""),
      );
    }
  }
  return { folder: folderOf(TENANT, runId), properties, parts, readBlocks, reads };
}

/** A row as a snapshot writes it: the selected properties in their order, null for what is left out. */
function lineOf(row: Row, properties: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(properties.map((name) => [name, row[name] ?? null])));
}
