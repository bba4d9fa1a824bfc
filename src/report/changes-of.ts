import { z } from "zod";
import type { ChangesEntry } from "../changes/entry.ts";

/** What a manifest says of changes. */
export interface SaidChanges {
  /** `null` where the run did not say. */
  readonly changes: ChangesEntry | null;
  /** Why there are none; `null` where there are some, or the run was taken by a version that had none. */
  readonly skipped: string | null;
}

const count = z.int().nonnegative();
const part = z.object({ name: z.string(), users: count, bytes: count, sha256: z.string() });

const Said = z.object({
  changes: z
    .object({
      against: z.string(),
      joined: count,
      left: count,
      changed: count,
      notCompared: z.array(z.string()),
      parts: z.array(part),
    })
    .nullish(),
  changesSkipped: z.string().nullish(),
});

/** Reads the changes of a manifest; one that was written before there were changes has none. */
export function changesOf(manifest: object): SaidChanges {
  const { data } = Said.safeParse(manifest);
  return { changes: data?.changes ?? null, skipped: data?.changesSkipped ?? null };
}
