import * as z from "zod";
import { RollcallError } from "../error.ts";
import { parseJson } from "../http/json.ts";
import type { CredentialIdentity } from "../identity/credential.ts";
import { CREDENTIAL_KINDS, type CredentialKind } from "../settings/credential-kind.ts";
import type { ExtraFormatName } from "../settings/format-name.ts";
import { SIGNATURE_ALGORITHMS } from "../signature/algorithm.ts";
import type { SignatureEntry } from "../signature/jws.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import type { Completeness, Guard } from "./completeness.ts";
import { isRunId } from "./layout.ts";
import type { PartEntry } from "./part.ts";
import type { Tallies } from "./tallies.ts";

/** What the `schema` of a new manifest says. */
export const MANIFEST_SCHEMA = "rollcall.snapshot/2";
/** What readers take: version 1 is that of Rollcall 1. They refuse any other. */
const MANIFEST_SCHEMAS = ["rollcall.snapshot/1", MANIFEST_SCHEMA] as const;
/** What `latest.json`'s `schema` says. */
export const LATEST_SCHEMA = "rollcall.latest/1";

/** The largest manifest, in bytes; that of a million users has about 30 kB. */
export const MAX_MANIFEST_BYTES = 16 * 2 ** 20;
/** The largest `latest.json`, in bytes. */
export const MAX_LATEST_BYTES = 64 * 2 ** 10;

/**
 * The commit of a snapshot and its proof: written last, once. Times are ISO 8601 in UTC. What may be absent is so in
 * version 1.
 */
export interface Manifest {
  readonly schema: (typeof MANIFEST_SCHEMAS)[number];
  /** Directory id. */
  readonly tenantId: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly source: SourceEntry;
  readonly completeness: Completeness;
  readonly guard: Guard;
  readonly tallies?: Tallies | undefined;
  readonly credential: CredentialEntry;
  readonly parts: readonly PartEntry[];
  /** The same users in other formats; absent if the run wrote none. */
  readonly formats?: FormatParts | undefined;
  /** An id and a digest of each user, in the order of the lines, for the next run to compare with. Absent in version 1. */
  readonly fingerprints?: readonly PartEntry[] | undefined;
  /** What changed since the last snapshot; `null` where that could not be told. */
  readonly changes: ChangesEntry | null;
  /** Why there are no changes: `first run`, or a clause; `null` if there are. */
  readonly changesSkipped: string | null;
  /** The newest whole snapshot when this run began; `null` for the first run, and where no earlier one is whole. */
  readonly previous: PreviousEntry | null;
  /** What `manifest.jws` beside it is signed with; `null` where it is not signed. Absent in version 1. */
  readonly signature?: SignatureEntry | null | undefined;
  /** What somebody should see to although the snapshot is whole, such as a credential that ends soon. */
  readonly warnings: readonly string[];
  readonly tool: { readonly name: string; readonly version: string };
}

/** The snapshot that a run builds on. */
export interface PreviousEntry {
  readonly runId: string;
  readonly users: number;
  /** Lower-case hex SHA-256 of its manifest's bytes: a link of the chain that `verify --chain` follows. */
  readonly sha256?: string | undefined;
}

/** What was asked of Graph. */
export interface SourceEntry {
  readonly url: string;
  /** In the order of the lines. */
  readonly properties: readonly string[];
  /** How many users have a value for each property; null, empty texts and empty collections are none. Absent in 1.0. */
  readonly filled?: Readonly<Record<string, number>> | undefined;
  /** Pages that the snapshot was made from. */
  readonly pages: number;
  /** Requests to Graph, retries included. */
  readonly requests: number;
  readonly retries: number;
  /** Answers with status 429. */
  readonly throttled: number;
  readonly listing: ListingEntry;
  /** Where the next run can cut the directory; `null` if it is too small to cut. */
  readonly slices: SlicesEntry | null;
}

/** How the users were listed. */
export interface ListingEntry {
  readonly used: "sequential" | "sliced";
  /** Slices listed; 0 for sequential. */
  readonly slices: number;
  /** Slices that were listed again, because they held fewer users than were counted. Absent in snapshots of 1.0. */
  readonly relisted?: number | undefined;
  /** Why slices were wanted but not used; `null` if they were used, or not wanted. */
  readonly fellBack: string | null;
}

/** Where a directory can be cut into slices by creation time. */
export interface SlicesEntry {
  /** Users that a slice is meant to hold; more only where they were created in the same second. */
  readonly usersEach: number;
  /** When each slice but the first begins, ascending. */
  readonly starts: readonly string[];
  /** Users in each of these slices, one more than there are starts. Absent in snapshots of 1.0. */
  readonly users?: readonly number[] | undefined;
}

/** The parts of a snapshot in formats other than JSON lines; a format that the run did not write is absent. */
export type FormatParts = { readonly [name in ExtraFormatName]?: readonly PartEntry[] | undefined };

/** What changed since another snapshot. */
export interface ChangesEntry {
  /** Run id of the other snapshot. */
  readonly against: string;
  /** Users who are only in this snapshot. */
  readonly joined: number;
  /** Users who are only in the other snapshot. */
  readonly left: number;
  /** Users who are in both but differ. */
  readonly changed: number;
  /** Properties that only one of the two snapshots selected; never reported as changed. */
  readonly notCompared: readonly string[];
  /** Each line is a change, and `users` counts the changes. No parts if nothing changed. */
  readonly parts: readonly PartEntry[];
  /** How the rows that differ were found: by what the previous run kept of each user, or by comparing all rows. */
  readonly comparedBy?: "fingerprints" | "rows" | undefined;
  /** Why all rows had to be compared; `null` where they had not. Absent in version 1. */
  readonly fellBack?: string | null | undefined;
}

/** The credential that the run signed in with. */
export interface CredentialEntry {
  readonly kind: CredentialKind;
  /** Name of the Key Vault object; `null` for a kind that is in no vault. */
  readonly name: string | null;
  /** Likewise. */
  readonly version: string | null;
  /** `null` if Key Vault has no expiry date for the secret, or if nothing ends. */
  readonly expiresOn: string | null;
}

/** @internal */
export function credentialEntry({ kind, name, version, expiresOn }: CredentialIdentity): CredentialEntry {
  return {
    kind,
    name: name ?? null,
    version: version ?? null,
    expiresOn: expiresOn?.toISOString() ?? null,
  };
}

/** Where the newest whole snapshot is. */
export interface Latest {
  readonly schema: typeof LATEST_SCHEMA;
  readonly runId: string;
  /** Path of the manifest from the container. */
  readonly manifest: string;
  /** Lower-case hex SHA-256 of the manifest's bytes. */
  readonly sha256: string;
  readonly users: number;
  readonly finishedAt: string;
}

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime();
const runId = z.string().refine(isRunId);

const parts = z.array(z.object({ name: z.string().regex(/^[\w.-]+$/), users: count, bytes: count, sha256 }));

const ManifestShape: z.ZodType<Manifest> = z.object({
  schema: z.enum(MANIFEST_SCHEMAS),
  tenantId: z.guid(),
  runId,
  startedAt: time,
  finishedAt: time,
  source: z.object({
    url: z.string(),
    properties: z.array(z.string()).min(1),
    filled: z.record(z.string(), count).optional(),
    pages: count,
    requests: count,
    retries: count,
    throttled: count,
    listing: z.object({
      used: z.enum(["sequential", "sliced"]),
      slices: count,
      relisted: count.optional(),
      fellBack: z.string().nullable(),
    }),
    slices: z
      .object({ usersEach: count, starts: z.array(time), users: z.array(count).optional() })
      .nullable(),
  }),
  completeness: z.object({
    listed: count,
    unique: count,
    duplicates: count,
    counted: count.nullable(),
    countedAfter: count.nullable().optional(),
    countOffered: z.boolean().optional(),
    verdict: z.enum(["complete", "uncounted"]),
  }),
  credential: z.object({
    kind: z.enum(CREDENTIAL_KINDS),
    name: z.string().nullable(),
    version: z.string().nullable(),
    expiresOn: time.nullable(),
  }),
  guard: z.object({ maxShrinkPercent: z.number(), shrinkAccepted: z.boolean() }),
  parts,
  fingerprints: parts.optional(),
  tallies: z
    .object({
      users: count,
      members: count.nullable(),
      guests: count.nullable(),
      enabled: count.nullable(),
      disabled: count.nullable(),
      synchronised: count.nullable(),
      licensed: count.nullable(),
      joined: count.nullable(),
      left: count.nullable(),
      changed: count.nullable(),
    })
    .optional(),
  formats: z.object({ csv: parts.optional(), parquet: parts.optional() }).optional(),
  changes: z
    .object({
      against: runId,
      joined: count,
      left: count,
      changed: count,
      notCompared: z.array(z.string()),
      parts,
      comparedBy: z.enum(["fingerprints", "rows"]).optional(),
      fellBack: z.string().nullable().optional(),
    })
    .nullable(),
  changesSkipped: z.string().nullable(),
  previous: z.object({ runId, users: count, sha256: sha256.optional() }).nullable(),
  signature: z
    .object({ alg: z.enum(SIGNATURE_ALGORITHMS), kid: z.string() })
    .nullable()
    .optional(),
  warnings: z.array(z.string()),
  tool: z.object({ name: z.string(), version: z.string() }),
});

const LatestShape: z.ZodType<Latest> = z.object({
  schema: z.literal(LATEST_SCHEMA),
  runId,
  manifest: z.string(),
  sha256,
  users: count,
  finishedAt: time,
});

/**
 * The bytes of a manifest or of `latest.json`: indented JSON.
 *
 * @internal
 */
export function toBytes(document: Manifest | Latest): Buffer {
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

/**
 * Reads a manifest.
 *
 * @throws {RollcallError} `manifest-unsupported` for another schema version, `snapshot-damaged` naming the field
 * @internal
 */
export function parseManifest(bytes: Buffer, path: string): Manifest {
  return parseDocument(bytes, path, MANIFEST_SCHEMAS, ManifestShape);
}

/**
 * Reads `latest.json`.
 *
 * @throws {RollcallError} as {@link parseManifest}
 * @internal
 */
export function parseLatest(bytes: Buffer, path: string): Latest {
  return parseDocument(bytes, path, [LATEST_SCHEMA], LatestShape);
}

/**
 * Reads a manifest for a run, which can continue if it is damaged but must not if a later Rollcall wrote it.
 *
 * @throws {RollcallError} `manifest-unsupported` for a later version of the schema; `snapshot-damaged` for anything else
 * @internal
 */
export function readManifest(bytes: Buffer, path: string): Manifest {
  return unlessDamage(bytes, path, MANIFEST_SCHEMA, parseManifest);
}

/**
 * Reads `latest.json` for a run.
 *
 * @throws {RollcallError} as {@link readManifest}
 * @internal
 */
export function readLatestBytes(bytes: Buffer, path: string): Latest {
  return unlessDamage(bytes, path, LATEST_SCHEMA, parseLatest);
}

function unlessDamage<T>(
  bytes: Buffer,
  path: string,
  schema: string,
  parse: (bytes: Buffer, path: string) => T,
): T {
  try {
    return parse(bytes, path);
  } catch (error) {
    const isUnsupported = error instanceof RollcallError && error.code === "manifest-unsupported";
    if (!isUnsupported || hasLaterSchema(bytes, schema)) throw error;
    throw new SnapshotDamaged(path, `its schema is not ${schema}`);
  }
}

/** Whether a document has a later version of a schema, which only a later Rollcall can read. */
function hasLaterSchema(bytes: Buffer, schema: string): boolean {
  const said = z.object({ schema: z.string() }).safeParse(parseJson(bytes)).data?.schema ?? "";
  const [name = "", version = ""] = schema.split("/");
  if (!said.startsWith(`${name}/`)) return false;
  const itsVersion = said.slice(name.length + 1);
  return /^[1-9]\d{0,8}$/.test(itsVersion) && Number(itsVersion) > Number(version);
}

function parseDocument<T>(bytes: Buffer, path: string, schemas: readonly string[], shape: z.ZodType<T>): T {
  const document = parseJson(bytes);
  const said = z.object({ schema: z.string() }).safeParse(document);
  if (said.success && !schemas.includes(said.data.schema)) {
    throw new RollcallError("manifest-unsupported", {
      doing: `reading ${path}`,
      problem: `its schema is ${JSON.stringify(said.data.schema.slice(0, 60))}; this version reads ${schemas.join(" and ")}`,
      remedy: "Read it with the version of Rollcall that wrote it, or a newer one.",
    });
  }
  const parsed = shape.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SnapshotDamaged(
    path,
    document === undefined ? "it is not JSON" : `${issue?.path.join(".") || "it"} is wrong`,
  );
}
