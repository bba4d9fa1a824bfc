/** Names that have broken exports before. */
export const HOSTILE_TEXTS: readonly string[] = [
  "",
  " ",
  " leading and trailing ",
  'say "hello"',
  '"',
  "comma, semicolon; tab\tpipe|",
  "two\nlines",
  "two\r\nlines",
  "ends with a carriage return\r",
  "\ttab first",
  "\r\n=1+1",
  "=cmd|' /C calc'!A0",
  '=HYPERLINK("http://example.invalid","pay")',
  "+1 425 555 0100",
  "-cmd",
  "-5",
  "@SUM(A1:A9)",
  " =1+1",
  "\u00A0=1+1",
  "\u200B=1+1",
  "\uFEFF=1+1",
  "\u0001=1+1",
  "＝1+1",
  "＠SUM(A1)",
  "'",
  "''",
  "'quoted'",
  "'=1+1",
  "O'Brien",
  "001234",
  "0",
  "1e5",
  "3.14",
  "12345678901234567890",
  "null",
  "true",
  "NaN",
  "[]",
  '{"id":1}',
  "2026-11-22T02:00:00Z",
  "back\\slash \\u0041 \\n \\",
  "Zoë 李小龍 𠮷野家",
  "Zaphod 🚀👩‍👩‍👧",
  "Zoe\u0308 decomposed",
  "שלום \u202Eevil\u202C",
  "line\u2028separator and\u2029paragraph",
  "\u0000nul\u001f\u007f\u0085controls",
  "<script>alert(1)</script>",
  "x".repeat(40_000),
];

/** JSON lines as a part takes them. */
export function linesOf(users: readonly object[]): Buffer {
  return Buffer.from(users.map((user) => `${JSON.stringify(user)}\n`).join(""));
}

/** An object id. */
export function idOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}
