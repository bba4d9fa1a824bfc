/** The value of a JSON body; `undefined` if it is not JSON. Accepts a byte order mark. */
export function parseJson(body: Buffer): unknown {
  const text = body.toString("utf8");
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
