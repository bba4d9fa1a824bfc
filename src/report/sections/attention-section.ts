import type { Attention } from "../attention/attention.ts";
import type { AttentionPoint } from "../attention/attention-point.ts";
import { type Html, html } from "../markup/html.ts";
import { sentence } from "./account-names.ts";

/** Where more is said. */
const MORE: Readonly<Record<NonNullable<AttentionPoint["about"]>, string>> = {
  changes: "What changed",
  "disabled-licensed": "Which accounts",
  history: "Run by run",
  "pending-guests": "Which guests",
  proof: "Proof",
  unused: "Which accounts",
};

/** What needs attention, or that nothing does; and what could not be looked for. */
export function attentionSection({ points, blind }: Attention): Html {
  return html`<section class="attention" aria-labelledby="attention">
<h2 id="attention">Needs attention</h2>
${
  points.length === 0
    ? html`<p>Nothing that was looked for.</p>`
    : html`<ul>${points.map(
        ({
          text,
          about,
        }) => html`<li>${sentence(text)}${about && html` <a href="#${about}">${MORE[about]}</a>`}</li>
`,
      )}</ul>`
}
${blind.length === 0 ? undefined : html`<p class="note">Not looked for: ${blind.join("; ")}.</p>`}
</section>`;
}
