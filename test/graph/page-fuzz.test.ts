import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect, isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { readPage } from "../../src/graph/page.ts";
import { DamagedBodyError } from "../../src/http/http-client.ts";
import { MAX_DEPTH } from "../../src/rows/json-scan.ts";
import { guidOf } from "../support/guid.ts";

/** Another seed, or more pages, for a longer search: `FUZZ_SEED=7 FUZZ_PAGES=5000000`; no end by time then. */
const SEED = Number(process.env.FUZZ_SEED ?? 20261124);
const PAGES = Number(process.env.FUZZ_PAGES ?? 200_000);
/** A slow machine looks at fewer pages instead of taking longer. */
const TIME_LIMIT_MS = process.env.FUZZ_PAGES === undefined ? 10_000 : 2 ** 31 - 1;
/** Mutants of each page. */
const MUTANTS = 100;

const SELECTIONS: readonly (readonly string[])[] = [
  ["id", "displayName", "mail", "n", "list", "org", "createdDateTime"],
  ["org", "n", "id", "displayName"],
  ["list", "__proto__", "mail", "absent", "createdDateTime", "id"],
];
const KEYS = ["displayName", "mail", "n", "list", "org", "createdDateTime", "__proto__", "other", "id"];

/** What a page says, in forms that can be compared. */
interface Reading {
  readonly ids: readonly string[];
  /** By user: each selected property with its value, numbers as they are written. */
  readonly rows: readonly (readonly (readonly [name: string, value: unknown])[])[];
  readonly filled: readonly number[];
  readonly nextLink: string | undefined;
}

/** The same as `readPage`, by `JSON.parse`; `undefined` for what is to be refused. */
function oracle(body: Buffer, properties: readonly string[]): Reading | undefined {
  const page = parse(body);
  if (!isObject(page) || Object.hasOwn(page, "error") || !Array.isArray(page.value)) return undefined;
  const users: readonly unknown[] = page.value;
  if (!users.every(isUser)) return undefined;
  const nextLink = page["@odata.nextLink"];
  const hasLink = Object.hasOwn(page, "@odata.nextLink");
  if (Object.keys(page).some((key) => key !== "@odata.nextLink" && /nextlink$/i.test(key))) return undefined;
  if (hasLink && !(typeof nextLink === "string" && URL.canParse(nextLink))) return undefined;
  const rows = users.map((user) =>
    properties.map((name) => [name, Object.hasOwn(user, name) ? user[name] : null] as const),
  );
  return {
    ids: users.map(({ id }) => id.toLowerCase()),
    rows,
    filled: properties.map((_, place) => rows.filter((row) => !isEmpty(row[place]?.[1])).length),
    nextLink: hasLink ? String(nextLink) : undefined,
  };
}

function parse(body: Buffer): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(body)
      .replace(/^\uFEFF/, "");
    // Most pages are refused here, at a fraction of what it costs to keep the numbers.
    JSON.parse(text);
    return depthOf(text) > MAX_DEPTH ? undefined : parseExactly(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** A number, as it is written. */
class Digits {
  readonly text: string | undefined;

  constructor(text: string | undefined) {
    this.text = text;
  }
}

function parseExactly(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" ? new Digits(context?.source) : value;
  return JSON.parse(text, revive);
}

/** Of text that is JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === "[" || token === "{") deepest = Math.max(deepest, ++depth);
    else if (token === "]" || token === "}") depth--;
  }
  return deepest;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Digits);
}

function isUser(user: unknown): user is Readonly<Record<string, unknown>> & { readonly id: string } {
  if (!isObject(user) || !Object.hasOwn(user, "id") || typeof user.id !== "string") return false;
  return /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i.test(user.id) && /[1-9a-f]/i.test(user.id);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === null || value === "" || (isObject(value) && Object.keys(value).length === 0);
}

function read(body: Buffer, properties: readonly string[]): Reading | undefined {
  try {
    const { rows, nextLink } = readPage(Buffer.from(body), properties);
    const lines = Array.from({ length: rows.count }, (_, index) => rows.lineWithFeed(index).toString());
    assert.equal(lines.join(""), rows.lines.toString());
    const reading = {
      ids: lines.map((_, index) => guidOf(rows.ids, index)),
      rows: lines.map((line) => {
        assert.match(line, /^[^\n\r\t]*\n$/, "a line is one line");
        return Object.entries(parseExactly(line) ?? {});
      }),
      filled: [...rows.filled],
      nextLink,
    };
    rows.release();
    return reading;
  } catch (error) {
    if (error instanceof DamagedBodyError) return undefined;
    throw error;
  }
}

/** @returns whether it is accepted */
function check(body: Buffer, properties: readonly string[]): boolean {
  const expected = oracle(body, properties);
  const found = read(body, properties);
  if (!isDeepStrictEqual(found, expected)) {
    const sides = inspect({ found, expected }, { depth: 8 });
    assert.fail(`${JSON.stringify(body.toString("latin1"))} (latin1), selected ${properties}: ${sides}`);
  }
  return found !== undefined;
}

/** Tokens that are put where they may or may not fit. */
const TOKENS = [
  '"\\x"',
  '"\\u12"',
  '"\\u12g4"',
  '"\\ud83e"',
  '"\\ude00\\ud83d"',
  '"\\u0041\\b\\f\\n\\r\\t\\/\\\\\\""',
  '"a\tb"',
  '"a\u0000"',
  '"a\u007f\u2028"',
  '"\\"',
  '"',
  "1.2.3",
  "-",
  "1++e",
  "01",
  "-01",
  "1.",
  ".5",
  "-.5",
  "+1",
  "1e",
  "1e+",
  "1E-07",
  "-0",
  "-0.0e0",
  "1e999",
  "9007199254740993",
  "-123456789012345678901234567890.5",
  "0x10",
  "NaN",
  "Infinity",
  "nullx",
  "nul",
  "null",
  "true",
  "truefalse",
  "false",
  "False",
  "undefined",
  "{",
  "}",
  "[",
  "]",
  ",",
  ",,",
  ":",
  "[]",
  "{}",
  "[ ]",
  "{\n}",
  '""',
  '{"a":1,"a":2,}',
  '{"a":1,"\\u0061":[2]}',
  "[1,]",
  "/* */",
  "'a'",
  '"id":',
  '"\\u0069d":',
  '"id" :',
  '"value":[]',
  '"valu\\u0065":[{"id":"87d349ed-44d7-43e1-9a83-5f2406dee5bd"}]',
  '"error":null',
  '"err\\u006fr":{}',
  '"@odata.nextLin\\u006b":"https://a.example/"',
  '"https:\\/\\/a.example/\\ud800"',
  '"/relative"',
  '"87d349ed-44d7-43e1-9a83-5f2406dee5bd"',
  '"87D349ED-44d7-43e1-9a83-5f2406dee5b\\u0064"',
  '"00000000-0000-0000-0000-000000000000"',
  '"87d349ed-44d7-43e1-9a83-5f2406dee5b\u0131"',
  "\uFEFF",
  "\u00A0",
  "\f",
  "\u000b",
  " ",
  "\t",
  "\n",
  "\r\n  ",
];
const BYTES = [
  0x00, 0x09, 0x0a, 0x1f, 0x20, 0x22, 0x2c, 0x2d, 0x30, 0x5c, 0x75, 0x7b, 0x7d, 0x80, 0xc3, 0xed, 0xff,
];

/** A change to a page: which, where, and with what. */
type Mutation = readonly [kind: number, at: number, what: number];

/** Changes to tokens, some of which leave it a page. */
const TOKEN_MUTATIONS: readonly ((tokens: string[], at: number, what: number) => void)[] = [
  (tokens, at, what) => tokens.splice(at, 0, pick(TOKENS, what)),
  (tokens, at, what) => tokens.splice(at, 1, pick(TOKENS, what)),
  (tokens, at) => tokens.splice(at, 1),
  (tokens, at, what) => tokens.splice(at, 0, pick([" ", "\n", "\t", "\r", "\r\n "], what)),
  (tokens, at, what) => {
    const other = what % tokens.length;
    const [one = "", two = ""] = [tokens[at], tokens[other]];
    tokens[at] = two;
    tokens[other] = one;
  },
  // A member again, or with a comma some.
  (tokens, at, what) => tokens.splice(at, 0, ...tokens.slice(at, at + 1 + (what % 8))),
  (tokens, at, what) => {
    tokens[at] = escapeOne(tokens[at] ?? "", what);
  },
  (tokens, at, what) => {
    const depth = MAX_DEPTH - 8 + (what % 12);
    tokens[at] = "[".repeat(depth) + tokens[at] + "]".repeat(depth);
  },
  // Values change places: what stands behind colons does.
  (tokens, at, what) => {
    const places = tokens.flatMap((token, place) => (token === ":" ? [place + 1] : []));
    const [one, two] = [pick(places, at), pick(places, what)];
    const [first = "", second = ""] = [tokens[one], tokens[two]];
    tokens[one] = second;
    tokens[two] = first;
  },
  // A value becomes another one that may fit.
  (tokens, at, what) => {
    const places = tokens.flatMap((token, place) => (token === ":" ? [place + 1] : []));
    tokens[pick(places, at)] = pick(TOKENS, what);
  },
];

const BYTE_MUTATIONS: readonly ((bytes: Buffer, at: number, what: number) => Buffer)[] = [
  (bytes, at, what) => splice(bytes, at, 1, [pick(BYTES, what)]),
  (bytes, at, what) => splice(bytes, at, 0, [pick(BYTES, what)]),
  (bytes, at, what) => splice(bytes, at, 1, [(bytes[at] ?? 0) ^ (1 << (what % 8))]),
  (bytes, at, what) => splice(bytes, at, 1 + (what % 3), []),
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, what) => splice(bytes, at, 0, bytes.subarray(at, at + (what % 50))),
];

function splice(bytes: Buffer, at: number, count: number, into: ArrayLike<number>): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(into), bytes.subarray(at + count)]);
}

function pick<T>(from: readonly T[], what: number): T {
  return from[what % from.length] as T;
}

/** Writes a character of a string as an escape, which changes nothing. */
function escapeOne(token: string, what: number): string {
  if (!/^"[^"\\]+"$/.test(token)) return token;
  const at = 1 + (what % (token.length - 2));
  const hex = token.charCodeAt(at).toString(16).padStart(4, "0");
  const digits = what % 2 === 0 ? hex : hex.toUpperCase();
  return `${token.slice(0, at)}\\u${digits}${token.slice(at + 1)}`;
}

function mutate(page: readonly string[], mutations: readonly Mutation[]): Buffer {
  const tokens = [...page];
  const later: Mutation[] = [];
  for (const mutation of mutations) {
    const [kind, at, what] = mutation;
    const change = TOKEN_MUTATIONS[kind];
    if (change && tokens.length > 0) change(tokens, at % tokens.length, what);
    else later.push(mutation);
  }
  let bytes: Buffer = Buffer.from(tokens.join(""));
  for (const [kind, at, what] of later) {
    const change = BYTE_MUTATIONS[kind - TOKEN_MUTATIONS.length];
    if (change) bytes = change(bytes, at % Math.max(1, bytes.length), what);
  }
  return bytes;
}

/** The tokens of a value's JSON. */
function tokensOf(value: unknown): string[] {
  return JSON.stringify(value).match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^[\]{},:"]+/g) ?? [];
}

const anyValue = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  fc.constantFrom(null, true, false, "", "2026-11-22T02:00:00Z", 0, -12.5, 1e21, 2 ** 53),
  fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant({ a: [null] })), { maxLength: 3 }),
  fc.dictionary(fc.constantFrom("a", "b", "id"), fc.constantFrom<unknown>(null, "x", [], {}, 1.5), {
    maxKeys: 3,
  }),
);
const anyUser = fc
  .tuple(fc.uuid(), fc.dictionary(fc.constantFrom(...KEYS), anyValue, { noNullPrototype: true }))
  .map(([id, user]) => ({ ...user, id }));
const anyPage = fc
  .record({ value: fc.array(anyUser, { maxLength: 4 }), isLast: fc.boolean() })
  .map(({ value, isLast }) =>
    tokensOf({
      "@odata.context": "x",
      ...(isLast ? {} : { "@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=RFNw%2b" }),
      value,
    }),
  );
const anyMutation: fc.Arbitrary<Mutation> = fc.tuple(
  fc.nat({ max: TOKEN_MUTATIONS.length + BYTE_MUTATIONS.length - 1 }),
  fc.nat({ max: 65535 }),
  fc.nat({ max: 65535 }),
);
const anyMutants = fc.array(fc.array(anyMutation, { maxLength: 3 }), {
  minLength: MUTANTS,
  maxLength: MUTANTS,
  size: "max",
});

const ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

/** What an earlier reader was found to take for something else than `JSON.parse` does, or to stumble over. */
const FOUND: readonly string[] = [
  `{"value":[{"id":"${ID}","n":"\\x"}]}`,
  `{"value":[{"id":"${ID}","other":"\\u12"}]}`,
  `{"value":[{"id":"${ID}","n":1.2.3}]}`,
  `{"value":[{"id":"${ID}","n":-}]}`,
  `{"value":[{"id":"${ID}","n":01}]}`,
  `{"value":[{"\\u0069d":"${ID}"}]}`,
  `{"value":[{"id":"${ID.replace("d", "\\u0064")}"}]}`,
  `{"value":[{"id":"${ID}","\\x":1}]}`,
  `{"value":[],"@odata.nextLink":"https://a.example/\\x"}`,
  `{"value":[],"@odata.nextLink":1.2.3}`,
  `{"value":[],"@odata.nextLink":"x","@odata.nextLink":"https://a.example/"}`,
  `{"value":[],"@odata.nextLin\\u006b":"https://a.example/"}`,
  `{"value":[],"err\\u006fr":{}}`,
  `{"value":null,"value":[]}`,
  `{"value":[{}],"value":[]}`,
  `{\n"value":[{"id":"${ID}","n":[9007199254740993,\t1.50]}]}`,
];

describe("readPage", () => {
  it("agrees with JSON.parse about pages that it once did not agree about", () => {
    for (const body of FOUND) {
      for (const properties of SELECTIONS) check(Buffer.from(body), properties);
    }
  });

  it(`agrees with JSON.parse about mutated pages (seed ${SEED})`, (context) => {
    let accepted = 0;
    let pages = 0;
    fc.assert(
      fc.property(anyPage, fc.constantFrom(...SELECTIONS), anyMutants, (page, properties, mutants) => {
        for (const mutations of mutants) {
          if (check(mutate(page, mutations), properties)) accepted++;
          pages++;
        }
      }),
      { seed: SEED, numRuns: Math.ceil(PAGES / MUTANTS), interruptAfterTimeLimit: TIME_LIMIT_MS },
    );
    context.diagnostic(`${pages} pages, ${accepted} of them accepted`);
    assert.ok(accepted > pages / 20, "some mutants are still pages");
  });
});
