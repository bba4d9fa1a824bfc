import { SECOND } from "../clock.ts";
import type { HttpContext } from "../http/http-client.ts";
import type { Container } from "../storage/container.ts";
import { type RunFolder, runFolder, runTimeMs } from "./layout.ts";

/** One run, from its lock to its manifest. */
export interface Run extends HttpContext {
  /** Ends with the run. */
  readonly container: Container;
  /** A folder of its own, named by the second in which the run began. */
  readonly folder: RunFolder;
  readonly startedAt: Date;
  /** The same moment in milliseconds by the clock's `elapsed`. */
  readonly startedMs: number;
  /** Bytes after which a part is closed; absent: what suits each format. */
  readonly maxPartBytes?: number | undefined;
}

/**
 * Opens a folder that holds nothing yet: a second run within the same second waits for the next.
 *
 * @param previous id of the run that this one builds on. A clock that is behind that run's, by no more than clocks may be
 *   off, must not make this run the earlier one: it then begins a second after it.
 */
export async function openRun(
  container: Container,
  tenantId: string,
  context: HttpContext & Pick<Run, "maxPartBytes">,
  previous?: string,
): Promise<Run> {
  const { clock, signal } = context;
  let earliestMs = previous === undefined ? 0 : runTimeMs(previous) + SECOND;
  for (;;) {
    const nowMs = clock.now();
    const startedAt = new Date(Math.max(nowMs, earliestMs));
    const folder = runFolder(tenantId, startedAt);
    const first = await container.list(`${folder.path}/`).next();
    if (first.done) return { ...context, container, folder, startedAt, startedMs: clock.elapsed() };
    if (earliestMs > nowMs) earliestMs += SECOND;
    else await clock.sleep(SECOND - startedAt.getUTCMilliseconds(), signal);
  }
}
