import { formatCount } from "../words/format.ts";
import { type Content, type Html, html } from "./html.ts";
import { barPlot, linePlot } from "./plot.ts";
import type { Report } from "./report.ts";
import { runLabels } from "./time-words.ts";

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
<div class="scroll" role="region" aria-label="Run by run" tabindex="0"><table>
<caption>Run by run <span class="note">a dash: the run does not tell</span></caption>
<thead><tr><th scope="col">Run</th>${["Users", "Joined", "Left", "Changed", "Enabled", "Disabled", "Guests"].map((title) => html`<th scope="col" class="number">${title}</th>`)}</tr></thead>
<tbody>${history.map((one) => historyRow(one, one.runId === snapshot.folder.runId))}</tbody>
</table></div>
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

function historyRow(one: Report["history"][number], isThis: boolean): Html {
  const head = html`<th scope="row"><span class="code">${one.runId}</span>${isThis ? html` <span class="note">this report</span>` : undefined}</th>`;
  if ("error" in one) {
    return html`<tr>${head}<td colspan="7">damaged: ${String(one.error.problem ?? one.error.code)}</td></tr>
`;
  }
  const { completeness, changes, tallies } = one.manifest;
  const counts = [
    completeness.unique,
    changes?.joined,
    changes?.left,
    changes?.changed,
    tallies?.enabled,
    tallies?.disabled,
    tallies?.guests,
  ];
  return html`<tr>${head}${counts.map((count) => html`<td class="number">${typeof count === "number" ? formatCount(count) : "–"}</td>`)}</tr>
`;
}

function rangeInWords(points: readonly { readonly count: number | undefined }[]): string {
  const counts = points.flatMap(({ count }) => count ?? []);
  const last = counts.at(-1);
  if (last === undefined) return "No run can be read.";
  const range = `between ${formatCount(Math.min(...counts))} and ${formatCount(Math.max(...counts))}`;
  return `${range} users, ${formatCount(last)} in the last run. The figures are in the table Run by run.`;
}
