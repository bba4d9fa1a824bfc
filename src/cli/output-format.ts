/** The formats of the commands that list something. */
export const OUTPUT_FORMATS = ["table", "json", "csv", "ndjson"] as const;

/** One of {@link OUTPUT_FORMATS}. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
