import { type Clock, SECOND } from "../clock.ts";
import type { Container } from "../storage/container.ts";
import { type RunFolder, runFolder } from "./layout.ts";

/** A run's own folder, named after the second in which it was opened. */
export interface OpenedFolder {
  readonly folder: RunFolder;
  readonly startedAt: Date;
}

/** Opens an empty folder. A second run within the same second waits for the next second. */
export async function openRunFolder(
  container: Container,
  tenantId: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<OpenedFolder> {
  for (;;) {
    const startedAt = new Date(clock.now());
    const folder = runFolder(tenantId, startedAt);
    const first = await container.list(`${folder.path}/`).next();
    if (first.done) return { folder, startedAt };
    await clock.sleep(SECOND - startedAt.getUTCMilliseconds(), signal);
  }
}
