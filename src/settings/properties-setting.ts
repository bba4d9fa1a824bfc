import * as z from "zod";
import { rightSpelling, UNLISTABLE_PROPERTIES } from "../rows/properties.ts";
import { refuse } from "./setting.ts";

/** Names of user properties separated by commas: each once, in their order, `id` put first unless it is named. */
export const userProperties = z.string().transform((text, context): readonly string[] => {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => !/^[A-Za-z][A-Za-z0-9_]{0,127}$/.test(name))) {
    return refuse(context, "must be property names separated by commas");
  }
  const misspelt = names.flatMap((name) => rightSpelling(name) ?? []);
  if (misspelt.length > 0) {
    return refuse(context, `must spell ${misspelt.join(", ")} so, as Graph does in its answers`);
  }
  const unlistable = names.filter((name) => UNLISTABLE_PROPERTIES.has(name));
  if (unlistable.length > 0) {
    return refuse(context, `asks for ${unlistable.join(", ")}, which Graph returns for a single user only`);
  }
  return [...new Set(names.includes("id") ? names : ["id", ...names])];
});
