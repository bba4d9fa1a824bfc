#!/usr/bin/env node
import { NEEDED_NODE } from "../version.ts";

// Whoever ignored npm's warning would otherwise be told of something else that is wrong, such as the storage.
const [major = 0, minor = 0] = numbersOf(process.versions.node);
const [neededMajor = 0, neededMinor = 0] = numbersOf(NEEDED_NODE);
if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) await import("./main.ts");
else {
  console.error(
    `rollcall: it needs Node ${NEEDED_NODE} or newer, and this is Node ${process.versions.node}.`,
  );
  process.exitCode = 1;
}

function numbersOf(version: string): readonly number[] {
  return version.split(".").map(Number);
}
