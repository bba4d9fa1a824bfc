import { Cron } from "croner";

const MONTHS = [
  ...["january", "february", "march", "april", "may", "june"],
  ...["july", "august", "september", "october", "november", "december"],
];
const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** Second, minute, hour, day of month, month, day of week: bounds, and names that stand for numbers. */
const FIELDS: readonly { readonly min: number; readonly max: number; readonly names?: readonly string[] }[] =
  [
    { min: 0, max: 59 },
    { min: 0, max: 59 },
    { min: 0, max: 23 },
    { min: 1, max: 31 },
    { min: 1, max: 12, names: MONTHS },
    { min: 0, max: 6, names: DAYS },
  ];

/** Whether this is a timer's schedule as the Functions host takes it, NCRONTAB with six fields, and ever due. */
export function isNcrontab(text: string): boolean {
  return nextRun(text, new Date(0)) !== undefined;
}

/** When a schedule is due next, in UTC as the host reckons; `undefined` when never, or when it is no schedule. */
export function nextRun(schedule: string, after: Date): Date | undefined {
  const pattern = toCron(schedule);
  return pattern === undefined
    ? undefined
    : (new Cron(pattern, { timezone: "UTC", paused: true }).nextRun(after) ?? undefined);
}

/**
 * The same schedule in the words of the cron library, which knows things that NCRONTAB does not (L, W, a seventh day)
 * and lacks some that it does (`5/15`, `Monday`).
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 */
function toCron(text: string): string | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) return undefined;
  const translated = fields.map((field, index) => toCronField(field, index));
  return translated.includes(undefined) ? undefined : translated.join(" ");
}

function toCronField(field: string, index: number): string | undefined {
  const { max = 0 } = FIELDS[index] ?? {};
  const items = field.split(",").map((item) => {
    const [range = "", step, ...rest] = item.split("/");
    if (rest.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) return undefined;
    if (range === "*") return step === undefined ? "*" : `*/${step}`;
    const [from, to, ...more] = range.split("-").map((value) => toNumber(value, index));
    if (from === undefined || more.length > 0 || (range.includes("-") && to === undefined)) return undefined;
    if (to !== undefined && to < from) return undefined;
    if (step === undefined) return to === undefined ? `${from}` : `${from}-${to}`;
    return `${from}-${to ?? max}/${step}`;
  });
  return items.includes(undefined) ? undefined : items.join(",");
}

function toNumber(text: string, index: number): number | undefined {
  const { min = 0, max = 0, names = [] } = FIELDS[index] ?? {};
  if (/^\d{1,2}$/.test(text)) {
    const value = Number(text);
    return value >= min && value <= max ? value : undefined;
  }
  // A name may be cut short, to three letters at the least so that it stays one.
  const place = text.length < 3 ? -1 : names.findIndex((name) => name.startsWith(text.toLowerCase()));
  return place < 0 ? undefined : place + min;
}
