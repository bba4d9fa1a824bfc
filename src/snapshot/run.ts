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

/** What a run must not begin before. */
export interface Earliest {
  /** Id of the run that it builds on. */
  readonly previous?: string | undefined;
  /** The night that it is for. */
  readonly slot?: Date | undefined;
}

/**
 * Opens a folder that holds nothing yet: a second run within the same second waits for the next.
 *
 * A clock that is behind, by no more than clocks may be off, must make a run neither earlier than the one that it builds on
 * nor earlier than the night that it is for: it then begins a second after the one, or when the other does.
 */
export async function openRun(
  container: Container,
  tenantId: string,
  context: HttpContext & Pick<Run, "maxPartBytes">,
  { previous, slot }: Earliest = {},
): Promise<Run> {
  const { clock, signal } = context;
  let earliestMs = Math.max(previous === undefined ? 0 : runTimeMs(previous) + SECOND, slot?.getTime() ?? 0);
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
