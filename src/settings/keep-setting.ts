import * as z from "zod";
import { type KeepRules, parseKeepRules } from "./keep-rules.ts";
import { refuse } from "./setting.ts";

/** Rules as in `daily=30,monthly=12`. */
export const keepRules: z.ZodType<KeepRules> = z.string().transform((text, context) => {
  const rules = parseKeepRules(text);
  return typeof rules === "string" ? refuse(context, rules) : rules;
});
