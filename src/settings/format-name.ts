/** The formats that a run may write besides its JSON lines. */
export const EXTRA_FORMAT_NAMES = ["csv", "parquet"] as const;

/** One of {@link EXTRA_FORMAT_NAMES}. */
export type ExtraFormatName = (typeof EXTRA_FORMAT_NAMES)[number];

/** All formats: each snapshot has its JSON lines, and everything in Rollcall reads those. */
const FORMAT_NAMES = ["ndjson", ...EXTRA_FORMAT_NAMES] as const;

/** One of {@link FORMAT_NAMES}. */
export type FormatName = (typeof FORMAT_NAMES)[number];

/**
 * Reads a list of formats such as `ndjson,csv`; case and spaces do not matter.
 *
 * @returns each format once, in the order of {@link FORMAT_NAMES}, `ndjson` always among them; `undefined` when a name is
 *   none of them
 */
export function parseFormats(text: string): readonly FormatName[] | undefined {
  const named = text.split(",").map((name) => name.trim().toLowerCase());
  if (!named.every(isFormat)) return undefined;
  return FORMAT_NAMES.filter((format) => format === "ndjson" || named.includes(format));
}

export function isExtraFormat(name: FormatName): name is ExtraFormatName {
  return name !== "ndjson";
}

function isFormat(name: string): name is FormatName {
  return FORMAT_NAMES.some((format) => format === name);
}
