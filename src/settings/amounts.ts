import * as z from "zod";
import { MINUTE } from "../clock.ts";

/** A whole number within bounds, of things that `unit` names. */
export function wholeNumber(min: number, max: number, unit: string): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .refine((count) => count >= min && count <= max, `must be ${min} to ${max} ${unit}`);
}

/** 0 to 100, also with decimals. */
export const percent = decimal("must be a number of percent").refine(
  (value) => value <= 100,
  "must be 0 to 100 percent",
);

/** A span of time up to a day, given in minutes; in milliseconds. */
export const minutes = decimal("must be a number of minutes")
  .refine((value) => value > 0 && value <= 1440, "must be more than 0 and at most 1440 minutes")
  .transform((value) => value * MINUTE);

function decimal(otherwise: string): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, otherwise)
    .transform(Number);
}
