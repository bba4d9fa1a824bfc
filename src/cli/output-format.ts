/** The formats of `rollcall users`. */
export const OUTPUT_FORMATS = ["ndjson", "csv", "json", "table"] as const;

/** One of {@link OUTPUT_FORMATS}. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
