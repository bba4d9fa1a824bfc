import { DAY, HOUR } from "../../clock.ts";
import { EXPIRY_WARNING_DAYS } from "../../identity/expiry-warning.ts";
import { runTimeMs } from "../../snapshot/layout.ts";
import type { Manifest } from "../../snapshot/manifest.ts";
import { formatCount, plural } from "../../words/format.ts";
import { failedLastRun } from "../../words/last-run-words.ts";
import type { Report } from "../facts/report.ts";
import { dayInWords } from "../markup/time-words.ts";
import { accountTrouble } from "./account-trouble.ts";
import type { AttentionPoint } from "./attention-point.ts";
import { findUnusualNights, MIN_OTHERS, type UnusualNight } from "./unusual-nights.ts";

/** A snapshot of last night is this young, as for `rollcall fresh`. */
const YOUNG_MS = 26 * HOUR;
/** How many nights are told of. */
const MOST_NIGHTS = 6;

/** What needs attention. */
export interface Attention {
  /** The most urgent first. */
  readonly points: readonly AttentionPoint[];
  /** What could not be looked for, and why; clauses. */
  readonly blind: readonly string[];
}

/** Finds what in a report needs attention. */
export function findAttention(report: Report): Attention {
  const { unusual, others } = findUnusualNights(report.weeks);
  return {
    points: [
      ...outages(report),
      ...unusual.slice(0, MOST_NIGHTS).map((night) => unusualNight(night, report.snapshot.folder.runId)),
      ...credentialTrouble(report),
      ...signatureTrouble(report),
      ...otherWarnings(report.snapshot.manifest),
      ...accountTrouble(report.facts),
    ],
    blind: blindSpots(report, others),
  };
}

/** Nights that brought no snapshot, and one that was let through. */
function outages({ snapshot, lastRun, nowMs }: Report): readonly AttentionPoint[] {
  const { manifest, isLatest, folder } = snapshot;
  const ageMs = nowMs - Date.parse(manifest.finishedAt);
  const failed = isLatest ? failedLastRun(lastRun, folder.runId) : undefined;
  return [
    ...(failed ? [{ text: `The last run ${failed} ${lastRun?.failure?.remedy ?? ""}`.trim() }] : []),
    ...(isLatest && ageMs > YOUNG_MS
      ? [{ text: `There is no newer snapshot than this one, which is ${hoursOrDays(ageMs)} old.` }]
      : []),
    ...(manifest.guard.shrinkAccepted
      ? [
          {
            text: "Whoever took this snapshot accepted a smaller list than the guard allows.",
            about: "proof" as const,
          },
        ]
      : []),
  ];
}

function unusualNight({ runId, kind, count, nights, usual }: UnusualNight, thisRun: string): AttentionPoint {
  const run = `the run of ${dayInWords(new Date(runTimeMs(runId)).toISOString())}`;
  const when = nights === 1 ? `in ${run}` : `in the ${nights} nights before ${run}`;
  const others =
    usual === 0 ? "others as a rule see none" : `others as a rule see at most ${formatCount(usual)}`;
  return {
    text: `Unlike other nights: ${plural(count, "user")} ${kind} ${when}; ${others}.`,
    about: runId === thisRun ? "changes" : "history",
  };
}

function credentialTrouble({ snapshot: { manifest }, nowMs }: Report): readonly AttentionPoint[] {
  const { kind, name, expiresOn } = manifest.credential;
  const passedOver = warningsOf(manifest, (code) => code === "credential-passed-over");
  if (expiresOn === null || Date.parse(expiresOn) > nowMs + (EXPIRY_WARNING_DAYS + 1) * DAY) {
    return passedOver;
  }
  const leftMs = Date.parse(expiresOn) - nowMs;
  const ends =
    leftMs < 0
      ? `ended on ${dayInWords(expiresOn)}: runs fail until there is a new one`
      : `ends ${leftMs < DAY ? "within a day" : `in ${plural(Math.floor(leftMs / DAY), "day")}`}, on ${dayInWords(expiresOn)}: runs fail from then on`;
  const credential = name === null ? kind : `${kind} ${name}`;
  return [{ text: `The ${credential} ${ends}.`, about: "proof" }, ...passedOver];
}

/** A signature that is missing, or is made with another key, where nights before had one. */
function signatureTrouble({ snapshot, weeks }: Report): readonly AttentionPoint[] {
  const { manifest, folder } = snapshot;
  const accepted = warningsOf(manifest, (code) => code === "unsigned-accepted");
  const before = weeks.find(({ runId, manifest: { signature } }) => runId < folder.runId && signature);
  const was = before?.manifest.signature;
  if (!before || !was) return accepted;
  if (!manifest.signature) {
    const text = `This snapshot is not signed, although that of ${dayInWords(before.manifest.finishedAt)} is.`;
    return [{ text, about: "proof" }, ...accepted];
  }
  if (keyOf(manifest.signature.kid) === keyOf(was.kid)) return accepted;
  const text = `This snapshot is signed with another key than that of ${dayInWords(before.manifest.finishedAt)}.`;
  return [{ text, about: "proof" }, ...accepted];
}

/** A key's id without its version, which changes whenever the key is rotated. */
function keyOf(kid: string): string {
  return kid.split("/").slice(0, 5).join("/").toLowerCase();
}

const TOLD_OTHERWISE: ReadonlySet<string> = new Set([
  "credential-expires",
  "credential-passed-over",
  "unsigned-accepted",
]);

function otherWarnings(manifest: Manifest): readonly AttentionPoint[] {
  return warningsOf(manifest, (code) => !TOLD_OTHERWISE.has(code));
}

function warningsOf({ warnings }: Manifest, isWanted: (code: string) => boolean): readonly AttentionPoint[] {
  return warnings
    .filter((text) => isWanted(text.slice(0, text.indexOf(":"))))
    .map((text) => ({ text, about: "proof" }));
}

function blindSpots({ facts }: Report, others: number): readonly string[] {
  const without = (isKnown: boolean, what: string, property: string) =>
    isKnown ? [] : [`${what}: this snapshot does not have ${property}`];
  return [
    ...without(facts.accounts !== null, "which accounts are enabled", "accountEnabled"),
    ...without(facts.licences !== null, "licences", "assignedLicenses"),
    ...without(facts.signIns !== null, "accounts that have long gone unused", "signInActivity"),
    ...without(facts.pendingGuests !== null, "guests who never arrived", "externalUserState"),
    ...(others < MIN_OTHERS
      ? [
          `nights unlike the others: of these four weeks, ${plural(others, "other run tells", "other runs tell")} who joined, left and changed, and it takes ${MIN_OTHERS}`,
        ]
      : []),
  ];
}

function hoursOrDays(ms: number): string {
  return ms < 2 * DAY ? plural(Math.floor(ms / HOUR), "hour") : plural(Math.floor(ms / DAY), "day");
}
