import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openFormats } from "../../src/formats/extra-format.ts";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import { Directory } from "../../src/sandbox/people/directory.ts";
import { EXTRA_FORMAT_NAMES, type ExtraFormatName } from "../../src/settings/format-name.ts";
import { GzipPart, type Part } from "../../src/snapshot/part.ts";
import { MAX_PART_BYTES } from "../../src/snapshot/part-writer.ts";
import { type Measured, printMeasured } from "./measured.ts";

// What each format costs: `node test/bench/formats.ts [USERS]` encodes a million users with the default properties, in a
// process for each format, the JSON lines first, to compare with. Bodies are thrown away where they would be sent.

const USERS = 1_000_000;
const PAGE = 999;
/** Different users; twice as many as a row group of Parquet has, so that none meets the same one twice. */
const DIFFERENT = 20_000;
const FORMATS = ["ndjson", ...EXTRA_FORMAT_NAMES] as const;

const [first = String(USERS), format] = process.argv.slice(2);
if (format === undefined) measureAll(Number(first));
else await measure(Number(first), format);

function measureAll(users: number): void {
  const rows = FORMATS.map((name) => {
    const args = [fileURLToPath(import.meta.url), String(users), name];
    const { stdout } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { wallMs, cpuUs, peakMb, bytes = 0 } = JSON.parse(stdout) as Measured;
    return {
      format: name,
      users,
      "wall s": (wallMs / 1000).toFixed(1),
      "CPU s": (cpuUs / 1e6).toFixed(1),
      "peak MB": Math.round(peakMb),
      MB: (bytes / 1e6).toFixed(1),
    };
  });
  console.table(rows);
}

async function measure(users: number, name: string): Promise<void> {
  const { openPart, maxPartBytes } = await kindOf(name);
  const pages = makePages();
  await printMeasured(async () => {
    let part = openPart();
    let bytes = 0;
    let onItsWay: Buffer | undefined;
    for (let written = 0, at = 0; written < users; at++) {
      const page = pages[at % pages.length];
      if (!page) break;
      await part.write(page.lines, page.users);
      written += page.users;
      if (part.bytes < maxPartBytes && written < users) continue;
      const { body } = await part.finish("part");
      bytes += body.length;
      onItsWay = body;
      part = openPart();
    }
    if (!onItsWay) throw new Error("nothing was written");
    return { users, requests: 0, bytes };
  });
}

async function kindOf(
  name: string,
): Promise<{ readonly openPart: () => Part; readonly maxPartBytes: number }> {
  const extra = EXTRA_FORMAT_NAMES.find((known): known is ExtraFormatName => known === name);
  if (extra === undefined) return { openPart: () => new GzipPart(), maxPartBytes: MAX_PART_BYTES };
  const [format] = await openFormats([extra], DEFAULT_PROPERTIES);
  if (!format) throw new Error(`no format ${name}`);
  return { openPart: format.kind.openPart, maxPartBytes: format.maxPartBytes };
}

function makePages(): readonly { readonly lines: Buffer; readonly users: number }[] {
  const directory = new Directory({
    users: DIFFERENT,
    seed: 1,
    domain: "contoso.example",
    nullCreatedShare: 0.01,
  });
  return Array.from({ length: Math.ceil(DIFFERENT / PAGE) }, (_, page) => {
    const users = Math.min(PAGE, DIFFERENT - page * PAGE);
    const lines = Array.from({ length: users }, (_, at) => {
      const row = directory.row(page * PAGE + at, DEFAULT_PROPERTIES);
      return `${JSON.stringify(Object.fromEntries(DEFAULT_PROPERTIES.map((name) => [name, row[name] ?? null])))}\n`;
    });
    return { lines: Buffer.from(lines.join("")), users };
  });
}
