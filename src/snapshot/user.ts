/** A user as in the snapshot: the selected properties, in their order, as Graph sent them; one it left out is `null`. */
export type User = Readonly<Record<string, unknown>> & {
  /** Object id, which never changes and never comes back. */
  readonly id: string;
};

/** A line of a part; `undefined` when it is not a JSON object with an id. */
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
