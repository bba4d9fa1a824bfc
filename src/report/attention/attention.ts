import { YOUNG_MS } from "../../archive/snapshots.ts";
import { DAY, HOUR } from "../../clock.ts";
import { EXPIRY_WARNING_DAYS } from "../../identity/expiry-warning.ts";
import { runTimeMs } from "../../snapshot/layout.ts";
import { formatCount, plural } from "../../words/format.ts";
import { failedLastRun } from "../../words/last-run-words.ts";
import type { Report } from "../facts/report.ts";
import { dayInWords, minuteInWords } from "../markup/time-words.ts";
import { accountTrouble } from "./account-trouble.ts";
import type { AttentionPoint } from "./attention-point.ts";
import { findUnusualNights, MIN_OTHERS, type UnusualNight } from "./unusual-nights.ts";

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
      ...unusualNights(unusual, report),
      ...credentialTrouble(report),
      ...signatureTrouble(report),
      ...warnings(report),
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
    ...(failed ? [{ text: `The last run ${failed}` }] : []),
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

/** Never many: of each kind, no more than two counts can stand out from the second highest of the others. */
function unusualNights(
  unusual: readonly UnusualNight[],
  { snapshot, weeks }: Report,
): readonly AttentionPoint[] {
  const thisRun = snapshot.folder.runId;
  const days = weeks.map(({ runId }) => runId.slice(0, 8));
  const isDaily = new Set(days).size === days.length;
  const when = (runId: string) => {
    const iso = new Date(runTimeMs(runId)).toISOString();
    return isDaily ? dayInWords(iso) : minuteInWords(iso);
  };
  return unusual.map(({ runId, kind, count, since, usual }) => {
    const run =
      since === undefined
        ? `in the run of ${when(runId)}`
        : `between the runs of ${when(since)} and ${when(runId)}`;
    const others =
      usual === 0 ? "others as a rule see none" : `others as a rule see at most ${formatCount(usual)}`;
    return {
      text: `Unlike other nights: ${plural(count, "user")} ${kind} ${run}; ${others}.`,
      about: runId === thisRun ? ("changes" as const) : ("history" as const),
    };
  });
}

/** Of the latest snapshot only: since an older one, there may be a new credential. */
function credentialTrouble({ snapshot: { manifest, isLatest }, nowMs }: Report): readonly AttentionPoint[] {
  const { kind, name, expiresOn } = manifest.credential;
  if (!isLatest || expiresOn === null) return [];
  const leftMs = Date.parse(expiresOn) - nowMs;
  if (leftMs > (EXPIRY_WARNING_DAYS + 1) * DAY) return [];
  const ends =
    leftMs < 0
      ? `ended on ${dayInWords(expiresOn)}: runs fail until there is a new one`
      : `ends ${leftMs < DAY ? "within a day" : `in ${plural(Math.floor(leftMs / DAY), "day")}`}, on ${dayInWords(expiresOn)}: runs fail from then on`;
  const credential = name === null ? kind : `${kind} ${name}`;
  return [{ text: `The ${credential} ${ends}.`, about: "proof" }];
}

/** A signature that cannot be right, or is missing, or is made with another key, where nights before had one. */
function signatureTrouble({ snapshot, weeks, signature }: Report): readonly AttentionPoint[] {
  const { manifest, folder } = snapshot;
  if (signature.state === "invalid") {
    return [{ text: `The signature of this snapshot is wrong: ${signature.why}.`, about: "proof" }];
  }
  const before = weeks.find(({ runId, manifest: { signature } }) => runId < folder.runId && signature);
  const was = before?.manifest.signature;
  if (!before || !was) return [];
  const earlier = dayInWords(before.manifest.finishedAt);
  if (!manifest.signature) {
    return [{ text: `This snapshot is not signed, although that of ${earlier} is.`, about: "proof" }];
  }
  if (keyOf(manifest.signature.kid) === keyOf(was.kid)) return [];
  return [{ text: `This snapshot is signed with another key than that of ${earlier}.`, about: "proof" }];
}

/** A key's id without its version, which changes whenever the key is rotated. */
function keyOf(kid: string): string {
  return kid.split("/").slice(0, 5).join("/").toLowerCase();
}

function warnings({ snapshot: { manifest, isLatest } }: Report): readonly AttentionPoint[] {
  return manifest.warnings.flatMap((warning) => {
    const [, code = "unknown", words = warning] = /^([a-z-]+): (.*)$/s.exec(warning) ?? [];
    // Of the latest snapshot, credentialTrouble tells how things stand now.
    if (isLatest && code === "credential-expires") return [];
    return [{ text: `The run warned (${code}): ${words}.`, about: "proof" as const }];
  });
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
