import { InvalidArgumentError } from "commander";
import { DAY, HOUR, MINUTE, SECOND } from "../clock.ts";

/** Reads `30s`, `90m`, `26h` or `2d`; in milliseconds. */
export function parseAge(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  const unitMs = { s: SECOND, m: MINUTE, h: HOUR, d: DAY }[unit];
  if (unitMs === undefined) throw new InvalidArgumentError("It must be an age such as 90m, 26h or 2d.");
  return Number(number) * unitMs;
}
