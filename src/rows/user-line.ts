const LINE_FEED = 0x0a;

/**
 * The lines of a part as text. They are decoded one by one, for two reasons: anything cut out of a string keeps the whole
 * string in memory, and a whole page would take two bytes for each character as soon as one character needs them.
 *
 * @param lines each ended by a line feed, which is kept
 * @internal
 */
export function* textLines(lines: Buffer): Generator<string, void, undefined> {
  for (let start = 0; start < lines.length; ) {
    const lineFeed = lines.indexOf(LINE_FEED, start);
    const end = lineFeed < 0 ? lines.length : lineFeed + 1;
    yield lines.toString("utf8", start, end);
    start = end;
  }
}

/** A user as stored: the selected properties, in their order, as Graph sent them, with `null` for what it left out. */
export type User = Readonly<Record<string, unknown>> & {
  /** Object id, which never changes and never comes back. */
  readonly id: string;
};

/** The user in a line of a part; `undefined` if the line is not a JSON object with an id. */
export function parseUser(line: string): User | undefined {
  try {
    const user: unknown = JSON.parse(line);
    return isUser(user) ? user : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isUser(value: unknown): value is User {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
}
