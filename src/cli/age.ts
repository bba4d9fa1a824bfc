import { InvalidArgumentError } from "commander";
import { DAY, HOUR, MINUTE } from "../clock.ts";

/** Reads `90m`, `26h` or `2d`; in milliseconds. */
export function parseAge(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const unitMs = { m: MINUTE, h: HOUR, d: DAY }[unit];
  if (unitMs === undefined) throw new InvalidArgumentError("It must be an age such as 90m, 26h or 2d.");
  return Number(number) * unitMs;
}

/** `26.0 h`, `15 min`. */
export function ageInWords(ageMs: number): string {
  if (ageMs < HOUR) return `${Math.floor(ageMs / MINUTE)} min`;
  return `${(ageMs / HOUR).toFixed(1)} h`;
}
