import type { Verification } from "../archive/snapshots.ts";
import { hang } from "./wrap.ts";

/** A finding for people: the blob, and below it what is wrong. */
export function findingLines({ blob, problem }: Verification["problems"][number]): readonly string[] {
  return [`    ${blob}`, ...hang("      ", problem)];
}
