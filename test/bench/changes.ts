/**
 * What comparing two snapshots costs: `node test/bench/changes.ts [USERS] [SHARE]`, a million users and 1 % changed by
 * default. Both sides make their lines while they are read, a kilobyte each, so neither network nor decompression is in
 * the figures; what making them costs is measured apart and taken off.
 */
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { compareSnapshots } from "../../src/changes/compare.ts";
import type { Side } from "../../src/changes/side.ts";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import { folderOf } from "../../src/snapshot/layout.ts";
import type { PartEntry } from "../../src/snapshot/part.ts";

const USERS_PER_PART = 100_000;
const USERS_PER_BLOCK = 250;
const TENANT = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

const users = Number(process.argv[2] ?? 1_000_000);
const share = Number(process.argv[3] ?? 0.01);
/** One in so many left, and one in so many joined. */
const LEAVERS = 1000;

/** @param isLater whether some of the users are changed, and others gone and new */
function madeSide(isLater: boolean): Side {
  const parts: PartEntry[] = [];
  for (let at = 0; at < users; at += USERS_PER_PART) {
    const count = Math.min(USERS_PER_PART, users - at);
    parts.push({ name: `users-${at}`, users: count, bytes: 0, sha256: "" });
  }
  const line = Buffer.from(`${lineOf()}\n`);
  const block = Buffer.concat(Array<Buffer>(USERS_PER_BLOCK).fill(line));
  const enabledAt = line.indexOf('"accountEnabled":true') + '"accountEnabled":'.length;
  async function* readBlocks({ name, users: count }: PartEntry): AsyncGenerator<Buffer> {
    const first = Number(name.slice("users-".length));
    for (let at = 0; at < count; at += USERS_PER_BLOCK) {
      const made = Buffer.from(block.subarray(0, Math.min(USERS_PER_BLOCK, count - at) * line.length));
      for (let start = 0, user = first + at; start < made.length; start += line.length, user++) {
        const isNew = isLater && user % LEAVERS === LEAVERS - 1;
        writeId(made, start + '{"id":"'.length, isNew ? user + users : user);
        if (isLater && (user * 0.618_033_988_75) % 1 < share) made.write("null", start + enabledAt, "latin1");
      }
      // As reading does; nothing else of the process would have its turn.
      await setImmediate();
      yield made;
    }
  }
  const runId = isLater ? "20261122T020000Z" : "20261121T020000Z";
  return { folder: folderOf(TENANT, runId), properties: DEFAULT_PROPERTIES, parts, readBlocks };
}

/** A user with the default properties, a kilobyte long. */
function lineOf(): string {
  const row = Object.fromEntries(DEFAULT_PROPERTIES.map((name) => [name, `${name} of Zoë 李`]));
  const skuId = "6fd2c87f-b296-42f0-b197-1e91e994b900";
  const licence = { disabledPlans: [], skuId };
  return JSON.stringify({
    ...row,
    id: TENANT,
    accountEnabled: true,
    otherMails: [],
    assignedLicenses: [licence],
  });
}

/** Digits that are as good as random, always the same ones for a user. */
function writeId(into: Buffer, at: number, user: number): void {
  let mixed = Math.imul(user ^ (user >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  const head = ((mixed ^ (mixed >>> 16)) >>> 0).toString(16).padStart(8, "0");
  into.write(`${head}-44d7-43e1-9a83-${user.toString(16).padStart(12, "0")}`, at, "latin1");
}

/** Seconds on the clock, and microseconds of CPU. */
async function measured(work: () => Promise<void>): Promise<{ seconds: number; cpuMicros: number }> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - startMs) / 1000, cpuMicros: user + system };
}

let blocksMade = 0;
const counts = { joined: 0, left: 0, changed: 0 };
const reads = { before: 0, after: 0 };
const [before, after] = [madeSide(false), madeSide(true)];

/** Counts how many users are read. */
function counted(side: Side, which: keyof typeof reads): Side {
  return {
    ...side,
    readBlocks: async function* (part) {
      for await (const block of side.readBlocks(part)) {
        reads[which] += USERS_PER_BLOCK;
        yield block;
      }
    },
  };
}

const making = await measured(async () => {
  for (const side of [before, after]) {
    for (const part of side.parts)
      for await (const block of side.readBlocks(part)) blocksMade += block.length;
  }
});
const comparing = await measured(async () => {
  for await (const changes of compareSnapshots(counted(before, "before"), counted(after, "after"))) {
    for (const { kind } of changes) counts[kind]++;
  }
});

const rowsRead = reads.before + reads.after;
const madeMicros = (making.cpuMicros / (2 * users)) * rowsRead;
const cpuEach = (comparing.cpuMicros - madeMicros) / users;
console.log(
  `users a side     ${users.toLocaleString("en-US")}, ${Math.round(blocksMade / users / 2)} bytes each`,
);
console.log(`joined           ${counts.joined}, left ${counts.left}, changed ${counts.changed}`);
console.log(
  `passes           before ${(reads.before / users).toFixed(2)}, after ${(reads.after / users).toFixed(2)}`,
);
console.log(`seconds          ${comparing.seconds.toFixed(1)} (making the lines included)`);
console.log(
  `CPU µs a user    ${cpuEach.toFixed(1)} (making the lines, ${(madeMicros / users).toFixed(1)}, taken off)`,
);
console.log(`peak resident    ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB (getrusage)`);
