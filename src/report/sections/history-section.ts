import type { Manifest } from "../../snapshot/manifest.ts";
import { formatCount } from "../../words/format.ts";
import type { Report } from "../facts/report.ts";
import { type Content, type Html, html, nameOf } from "../markup/html.ts";
import { barPlot, linePlot } from "../markup/plot.ts";
import { table } from "../markup/table.ts";
import { runLabels } from "../markup/time-words.ts";

/** How the directory developed over the last runs. */
export function historySection({ history, snapshot }: Report): Html {
  const runs = history.toReversed();
  const labels = runLabels(runs.map(({ runId }) => runId));
  const users = runs.map((one, at) => ({
    label: labels[at] ?? "",
    count: "error" in one ? undefined : one.manifest.completeness.unique,
  }));
  return html`<section aria-labelledby="history">
<h2 id="history">${history.length === 1 ? "This run" : `The last ${history.length} runs`}</h2>
<figure>
<figcaption>Users <span class="note">the axis need not begin at 0</span></figcaption>
${linePlot({ id: "users", title: "Users in each run", description: rangeInWords(users), points: users })}
</figure>
<div class="pair">${changePlots(history)}</div>
${runTable(history, snapshot.folder.runId)}
</section>`;
}

function changePlots(history: Report["history"]): Content {
  const runs = history.toReversed();
  const labels = runLabels(runs.map(({ runId }) => runId));
  const changes = runs.map((one) => ("error" in one ? undefined : (one.manifest.changes ?? undefined)));
  if (changes.every((change) => change === undefined)) {
    return html`<p class="empty">None of these runs says who joined, left or changed.</p>`;
  }
  const moves = changes.map((change, at) => ({
    label: labels[at] ?? "",
    count: change?.joined,
    below: change?.left,
  }));
  const changed = changes.map((change, at) => ({ label: labels[at] ?? "", count: change?.changed }));
  const sum = (pick: "joined" | "left" | "changed") =>
    changes.reduce((total, change) => total + (change?.[pick] ?? 0), 0);
  return html`<figure>
<figcaption>Joined and left <span class="note">joined above the line, left below; ? unknown</span></figcaption>
${barPlot({ id: "moves", title: "Users who joined and left", description: `${formatCount(sum("joined"))} joined and ${formatCount(sum("left"))} left in these runs. The figures are in the table Run by run.`, points: moves })}
</figure><figure>
<figcaption>Changed <span class="note">? unknown</span></figcaption>
${barPlot({ id: "changed", title: "Users who changed", description: `${formatCount(sum("changed"))} changes in these runs. The figures are in the table Run by run.`, points: changed })}
</figure>`;
}

function runTable(history: Report["history"], thisRun: string): Html {
  const rows = history.map((one) => ({
    runId: one.runId,
    counts: "error" in one ? undefined : countsOf(one.manifest),
    problem: "error" in one ? `damaged: ${String(one.error.problem ?? one.error.code)}` : undefined,
  }));
  // Of most directories Graph tells of every account whether it is enabled.
  const hasNotTold = rows.some(({ counts }) => (counts?.notTold ?? 0) > 0);
  const columns = COUNTS.filter(([key]) => key !== "notTold" || hasNotTold);
  return table({
    caption: html`Run by run <span class="note">a dash: the run does not tell</span>`,
    columns: [{ title: "Run" }, ...columns.map(([, title]) => ({ title, kind: "number" as const }))],
    rows: rows.map(({ runId, counts, problem }) => [
      html`<span class="code">${runId}</span>${runId === thisRun ? html` <span class="note">this report</span>` : undefined}${problem && html`<br>${nameOf(problem)}`}`,
      ...columns.map(([key]) => {
        const count = counts?.[key];
        return typeof count === "number" ? formatCount(count) : "–";
      }),
    ]),
  });
}

const COUNTS = [
  ["users", "Users"],
  ["joined", "Joined"],
  ["left", "Left"],
  ["changed", "Changed"],
  ["enabled", "Enabled"],
  ["disabled", "Disabled"],
  ["notTold", "Not told"],
  ["guests", "Guests"],
] as const;

function countsOf({
  completeness: { unique },
  changes,
  tallies,
}: Manifest): Readonly<Partial<Record<(typeof COUNTS)[number][0], number | null | undefined>>> {
  const { enabled, disabled, guests } = tallies ?? {};
  const isTold = typeof enabled === "number" && typeof disabled === "number";
  const { joined, left, changed } = changes ?? {};
  const notTold = isTold ? unique - enabled - disabled : null;
  return { users: unique, joined, left, changed, enabled, disabled, notTold, guests };
}

function rangeInWords(points: readonly { readonly count: number | undefined }[]): string {
  const counts = points.flatMap(({ count }) => count ?? []);
  const last = counts.at(-1);
  if (last === undefined) return "No run can be read.";
  const range = `between ${formatCount(Math.min(...counts))} and ${formatCount(Math.max(...counts))}`;
  return `${range} users, ${formatCount(last)} in the last run. The figures are in the table Run by run.`;
}
