import type { SignatureFinding } from "../../signature/verify-signature.ts";
import type { Completeness } from "../../snapshot/completeness.ts";
import type { Manifest } from "../../snapshot/manifest.ts";
import { formatBytes, formatCount, formatDuration, plural } from "../../words/format.ts";
import { credentialInWords, durationMs, effortInWords, totalBytes } from "../../words/manifest-words.ts";
import type { Report } from "../facts/report.ts";
import { type Content, type Html, html } from "../markup/html.ts";
import { table } from "../markup/table.ts";
import { minuteInWords } from "../markup/time-words.ts";
import { addressOf } from "./account-names.ts";

/** Why the figures can be believed, and how to check them. */
export function proofSection({ snapshot, signature, nowMs }: Report): Html {
  const { manifest, manifestSha256, folder } = snapshot;
  const { completeness, guard, source, parts, credential, tool } = manifest;
  const facts: readonly (readonly [string, Content])[] = [
    ["Verdict", completeness.verdict],
    ["Listed", formatCount(completeness.listed)],
    ["Unique", `${formatCount(completeness.unique)}, ${plural(completeness.duplicates, "duplicate")}`],
    [
      "Counted by the directory",
      completeness.counted === null ? "no count" : formatCount(completeness.counted),
    ],
    [
      "Guard",
      guard.shrinkAccepted
        ? "whoever took the snapshot accepted a smaller list than the guard allows"
        : `at most ${guard.maxShrinkPercent} % fewer users than the snapshot before`,
    ],
    ["How listed", `${listingInWords(source)}; ${effortInWords(source)}`],
    ["From", addressOf(source.url)],
    ["Properties", source.properties.join(", ")],
    ["Started", minuteInWords(manifest.startedAt)],
    ["Finished", `${minuteInWords(manifest.finishedAt)}, after ${formatDuration(durationMs(manifest))}`],
    ["Credential", credentialInWords(credential, nowMs)],
    ["Written by", `${tool.name} ${tool.version}`],
    ["Where", addressOf(folder.path)],
    ["Signature", signatureInWords(signature, folder.runId)],
    ["SHA-256 of the manifest", html`<span class="code">${manifestSha256}</span>`],
  ];
  return html`<section aria-labelledby="proof">
<h2 id="proof">Proof of completeness</h2>
<p>${ruleInWords(completeness)} The manifest lists each part with its SHA-256: <span class="code">rollcall verify ${folder.runId}</span> checks them, and everything else that it says.</p>
<dl class="facts">${facts.map(
    ([name, fact]) => html`<div><dt>${name}</dt><dd>${fact}</dd></div>
`,
  )}</dl>
${table({
  caption: html`Parts <span class="note">${plural(parts.length, "blob")}, ${formatBytes(totalBytes(manifest))}</span>`,
  columns: [
    { title: "Part" },
    { title: "Users", kind: "number" },
    { title: "Size", kind: "number" },
    { title: "SHA-256", kind: "long" },
  ],
  rows: parts.map(({ name, users, bytes, sha256 }) => [
    html`<span class="code">${name}</span>`,
    formatCount(users),
    formatBytes(bytes),
    html`<span class="code">${sha256}</span>`,
  ]),
})}
</section>`;
}

/** The rule itself is in snapshot/completeness.ts. */
function ruleInWords({ counted }: Completeness): string {
  return counted === null
    ? "There is no count to compare with: only the last page shows that the list is complete."
    : "A snapshot is published only when it holds as many users as the directory itself counts. That count lags, so 5 users or 0.1 % may be missing.";
}

function listingInWords({ listing: { used, slices, fellBack } }: Manifest["source"]): string {
  if (used === "sliced") return `in ${plural(slices, "slice")} by time of creation`;
  return `page after page${fellBack === null ? "" : ` (${fellBack})`}`;
}

/** This page has no key to check it with. */
function signatureInWords(found: SignatureFinding, runId: string): Content {
  switch (found.state) {
    case "absent":
      return "none";
    case "invalid":
      return `wrong: ${found.why}`;
    default:
      return html`${found.alg} by ${addressOf(found.kid)}, not checked for this page: <span class="code">rollcall verify ${runId} --key FILE</span> does`;
  }
}
