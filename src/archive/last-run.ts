/** How the last run on a tenant ended, as `last-run.json` says. A help for people: it proves nothing. */
export interface LastRun {
  readonly outcome: "committed" | "failed";
  /** `null` for a run that failed before it had an id. */
  readonly runId: string | null;
  /** When it had the lock; ISO 8601, UTC. */
  readonly startedAt: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** `null` for a run that committed. */
  readonly failure: LastFailure | null;
}

/** Why a run failed, as its error says. */
export interface LastFailure {
  /** One of the codes of docs/errors.md, or of a later Rollcall's. */
  readonly code: string;
  readonly doing: string;
  readonly problem: string;
  readonly remedy: string;
}
