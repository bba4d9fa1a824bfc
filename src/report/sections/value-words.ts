import * as z from "zod";
import { skuName } from "../markup/sku-name.ts";

/** Longer values end in an ellipsis. */
const LONGEST = 100;

const Licences = z.array(z.object({ skuId: z.string() }));

/**
 * A property's value before and after a change, as text that a reader can tell apart. Long values are shown from shortly
 * before they differ.
 */
export function changeInWords(property: string, before: unknown, after: unknown): readonly [string, string] {
  const pairs = [
    ...(property === "assignedLicenses" ? [[licencesInWords(before), licencesInWords(after)]] : []),
    [valueInWords(before), valueInWords(after)],
  ];
  for (const [was, is] of pairs) {
    if (was === undefined || is === undefined) continue;
    const shown = cutWhereTheyDiffer(was, is);
    if (looks(shown[0]) !== looks(shown[1])) return shown;
  }
  // Such as a space at the end, or the text "nothing" for null.
  return cutWhereTheyDiffer(spelledOut(before), spelledOut(after));
}

/** `nothing` for null, which is how Graph writes a property that has no value. */
function valueInWords(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (value === "") return "an empty text";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : value.map(valueInWords).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `undefined` for anything but a list of licences. */
function licencesInWords(value: unknown): string | undefined {
  const { data } = Licences.safeParse(value ?? []);
  if (!data) return undefined;
  return data.length === 0
    ? "none"
    : data
        .map(({ skuId }) => skuName(skuId) ?? skuId)
        .sort()
        .join(", ");
}

/** A text as a reader sees it: white space is one space, or none at the ends, and signs without a shape are not there. */
function looks(text: string): string {
  return text
    .normalize("NFC")
    .replaceAll(/\p{C}/gu, "")
    .replaceAll(/\p{Z}+/gu, " ")
    .trim();
}

/** As JSON in which every sign can be seen: `"Sales "`, `"Jose\u{301}"`. */
function spelledOut(value: unknown): string {
  return JSON.stringify(value ?? null).replaceAll(/(?! )[\p{C}\p{M}\p{Z}]/gu, (sign) => {
    return `\\u{${sign.codePointAt(0)?.toString(16)}}`;
  });
}

function cutWhereTheyDiffer(was: string, is: string): readonly [string, string] {
  let same = 0;
  while (same < was.length && was[same] === is[same]) same++;
  const from = same < LONGEST ? 0 : same - LONGEST / 2;
  return [cut(was, from), cut(is, from)];
}

function cut(text: string, from: number): string {
  // Halves of a sign stay together.
  const start = /[\uDC00-\uDFFF]/.test(text[from] ?? "") ? from - 1 : from;
  const signs = [...text.slice(start, start + 2 * LONGEST + 2)];
  return `${start > 0 ? "…" : ""}${signs.slice(0, LONGEST).join("")}${signs.length > LONGEST ? "…" : ""}`;
}
