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
  if (pattern === undefined) return undefined;
  // Where both a day of the month and a day of the week are given, NCRONTAB wants both to fit; other kinds of cron want either.
  const cron = new Cron(pattern, { timezone: "UTC", paused: true, domAndDow: true });
  return cron.nextRun(after) ?? undefined;
}

/**
 * The same schedule for the cron library, each field as the numbers that it stands for: the library knows things that
 * NCRONTAB does not (L, W, a seventh day) and lacks some that it knows (`5/15`, `Monday`, steps of more than a field has).
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 * @see https://github.com/atifaziz/NCrontab, which the host uses
 */
function toCron(text: string): string | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) return undefined;
  const translated = fields.map((field, index) => toCronField(field, index));
  return translated.includes(undefined) ? undefined : translated.join(" ");
}

function toCronField(field: string, index: number): string | undefined {
  const items = field.split(",").map((item) => numbersOf(item, index));
  return items.includes(undefined) ? undefined : items.join(",");
}

/** The numbers that an item of a field's list stands for: `1-5/2` for 1, 3 and 5. */
function numbersOf(item: string, index: number): readonly number[] | undefined {
  const { min = 0, max = 0 } = FIELDS[index] ?? {};
  const [range = "", step, ...rest] = item.split("/");
  if (rest.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) return undefined;
  if (range === "*") return everyNth(min, max, step);
  const [from, to, ...more] = range.split("-").map((value) => toNumber(value, index));
  if (from === undefined || more.length > 0 || (range.includes("-") && to === undefined)) return undefined;
  // The host would turn such a range round: FRI-MON would leave out the weekend.
  if (to !== undefined && to < from) return undefined;
  return everyNth(from, to ?? (step === undefined ? from : max), step);
}

function everyNth(from: number, to: number, step = "1"): readonly number[] {
  const size = Number(step);
  return Array.from({ length: Math.floor((to - from) / size) + 1 }, (_, nth) => from + nth * size);
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
