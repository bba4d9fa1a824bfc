import type { Predecessor } from "./archive/predecessor.ts";
import type { ChangesOutcome } from "./changes/changes-since-previous.ts";
import type { Graph } from "./graph/graph.ts";
import type { TokenSource } from "./identity/token.ts";
import type { ListedUsers } from "./listing/list-users.ts";
import type { SigningKey } from "./signature/signing-key.ts";
import { credentialEntry, MANIFEST_SCHEMA, type Manifest } from "./snapshot/manifest.ts";
import type { Run } from "./snapshot/run.ts";
import { VERSION } from "./version.ts";

/** Everything that a manifest tells of. */
export interface ManifestSources {
  readonly run: Run;
  /** Selected user properties, in the order of the rows. */
  readonly properties: readonly string[];
  readonly graph: Graph;
  readonly tokens: TokenSource;
  readonly users: ListedUsers;
  readonly changes: ChangesOutcome;
  readonly previous: Predecessor;
  /** Will sign the manifest; `undefined`: nobody will. */
  readonly signer: SigningKey | undefined;
}

/** Makes the manifest of a run that is ready to be committed. The run ends, as far as it tells, now. */
export function buildManifest(sources: ManifestSources): Manifest {
  const { run, properties, graph, tokens, users, changes, previous, signer } = sources;
  const { startedAt, startedMs, clock, folder } = run;
  return {
    schema: MANIFEST_SCHEMA,
    tenantId: folder.tenantId,
    runId: folder.runId,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date(startedAt.getTime() + clock.elapsed() - startedMs).toISOString(),
    source: {
      url: `${graph.root}/users`,
      properties,
      filled: users.filled,
      pages: users.pages,
      ...graph.stats,
      listing: users.listing,
      slices: users.slices,
    },
    completeness: users.completeness,
    guard: users.guard,
    credential: credentialEntry(tokens.credential()),
    parts: users.parts,
    tallies: {
      ...users.tallies,
      joined: changes.changes?.joined ?? null,
      left: changes.changes?.left ?? null,
      changed: changes.changes?.changed ?? null,
    },
    ...(users.formats && { formats: users.formats }),
    fingerprints: users.fingerprints,
    changes: changes.changes,
    changesSkipped: changes.changesSkipped,
    previous: previous.manifest
      ? {
          runId: previous.manifest.runId,
          users: previous.manifest.completeness.unique,
          sha256: previous.manifestSha256,
        }
      : null,
    signature: signer?.entry ?? null,
    warnings: [...tokens.warnings(), ...previous.warnings, ...users.warnings, ...changes.warnings],
    tool: { name: "rollcall", version: VERSION },
  };
}
