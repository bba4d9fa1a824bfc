import { InvalidArgumentError } from "commander";

/** Which runs are meant. What is absent sets no bound. */
export interface RunRange {
  /** The first: a run's id or its beginning, or a date such as `2026-11-22`. */
  readonly since?: string | undefined;
  /** The last, spelled alike; a date means all of its runs. */
  readonly until?: string | undefined;
  /** How many at most, the newest. */
  readonly limit?: number | undefined;
}

/** @param runs ids, newest first */
export function runsIn(runs: readonly string[], { since = "", until, limit }: RunRange): readonly string[] {
  const first = digitsOf(since);
  const last = until === undefined ? undefined : digitsOf(until);
  return runs
    .filter((runId) => runId >= first && (last === undefined || runId.slice(0, last.length) <= last))
    .slice(0, limit);
}

const RUN_OR_DATE = /^(\d{4}(-\d{2}){0,2}|\d{4,8}|\d{8}T\d{0,6}|\d{8}T\d{6}Z)$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z$/;

/** Parses a date, a run id or its beginning; a time, such as a manifest has, becomes the beginning of a run id. */
export function parseMoment(text: string): string {
  if (RUN_OR_DATE.test(text)) return text;
  if (TIME.test(text)) return text.replaceAll(/[-:Z]|\.\d+/g, "");
  throw new InvalidArgumentError(
    "It must be a run id or its beginning, a date such as 2026-11-22, or a time such as 2026-11-22T02:00Z.",
  );
}

function digitsOf(moment: string): string {
  return moment.replaceAll("-", "");
}
