import { asRollcallError } from "../error.ts";
import { textLines } from "../rows/user-line.ts";
import { reportPath } from "../snapshot/layout.ts";
import type { Run } from "../snapshot/run.ts";
import { warning } from "../warning.ts";
import { FactTally } from "./facts/run-facts.ts";

/** Runs in the page's history, as in `rollcall report`. */
const RUNS = 14;

/**
 * The report of a run, left beside its manifest. The users are counted while they are written, so none is read again.
 *
 * Memory: the counts, and at the end the page with the manifests of the last four weeks, of some sixty runs at the most.
 */
export class MorningPage {
  readonly #run: Run;
  readonly #properties: readonly string[];
  #tally: FactTally;
  #failure: { readonly error: unknown } | undefined;

  /** @param properties of the run, in the order of its lines */
  constructor(run: Run, properties: readonly string[]) {
    this.#run = run;
    this.#properties = properties;
    this.#tally = this.#newTally();
  }

  /** For a listing that begins, or begins again: takes the lines of all its users. Never fails. */
  watch(): (lines: Buffer) => void {
    const tally = this.#newTally();
    this.#tally = tally;
    this.#failure = undefined;
    return (lines) => {
      if (this.#failure) return;
      try {
        for (const line of textLines(lines)) tally.add(line);
      } catch (error) {
        this.#failure = { error };
      }
    };
  }

  /**
   * Writes the page of a run that is committed. That is no part of the snapshot, so nothing that goes wrong here is an
   * error.
   *
   * @returns warnings
   */
  async publish(): Promise<readonly string[]> {
    const { container, folder, clock, signal } = this.#run;
    const path = reportPath(folder);
    try {
      if (this.#failure) throw this.#failure.error;
      // Loaded here, by the runs that want it, and where a failure costs nothing.
      const [{ Snapshots }, { makeReport }, { renderPage }] = await Promise.all([
        import("../archive/snapshots.ts"),
        import("./make-report.ts"),
        import("./page.ts"),
      ]);
      const snapshots = new Snapshots(container, folder.tenantId, signal);
      const facts = this.#tally.facts();
      const report = await makeReport(snapshots, {
        run: folder.runId,
        last: RUNS,
        nowMs: clock.now(),
        facts,
      });
      const body = Buffer.from(renderPage(report));
      await container.putOnce({ path, body, contentType: "text/html; charset=utf-8" });
      return [];
    } catch (error) {
      const { code, doing, problem } = asRollcallError(error, `writing ${path}`);
      return [warning("report-not-written", `${doing}: ${problem} (${code})`)];
    }
  }

  #newTally(): FactTally {
    return new FactTally(this.#properties, this.#run.startedAt.getTime());
  }
}
