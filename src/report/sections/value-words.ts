import * as z from "zod";
import { skuName } from "../markup/sku-name.ts";

/** Longer values end in an ellipsis. */
const LONGEST = 100;

const Licences = z.array(z.object({ skuId: z.string() }));

/** A property's value before and after a change, as text; never equal. */
export function changeInWords(property: string, before: unknown, after: unknown): readonly [string, string] {
  if (property === "assignedLicenses") {
    const [was, is] = [licencesInWords(before), licencesInWords(after)];
    if (was !== undefined && is !== undefined && was !== is) return [cut([...was], 0), cut([...is], 0)];
  }
  const [was, is] = [[...valueInWords(before)], [...valueInWords(after)]];
  const longer = was.length > is.length ? was : is;
  const same = longer.findIndex((_, at) => was[at] !== is[at]);
  // Long values that begin alike are shown from shortly before they differ.
  const from = same < LONGEST ? 0 : same - LONGEST / 2;
  return [cut(was, from), cut(is, from)];
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

function cut(signs: readonly string[], from: number): string {
  const end = from + LONGEST;
  return `${from > 0 ? "…" : ""}${signs.slice(from, end).join("")}${signs.length > end ? "…" : ""}`;
}
