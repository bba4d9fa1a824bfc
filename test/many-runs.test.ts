import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startBenchTenant } from "./bench/bench-tenant.ts";
import { loadFunctionFor } from "./support/function-runs.ts";
import { heldAfterCollection } from "./support/held.ts";

/** Until code is compiled and caches are filled. A run takes a second at least: each has a folder of its own second. */
const RUNS_TO_WARM_UP = 8;
const RUNS = 12;
/** A page of a run that is held on to is more than this in those runs; compiled code comes and goes by 1.5 MB. */
const MAX_GAIN_BYTES = 3 * 2 ** 20;

describe("the built function, run many times in one process", () => {
  it("holds on to nothing: heap, buffers, handles, listeners, temporary files", {
    timeout: 120_000,
  }, async () => {
    // In another process, or what the tenant remembers of its requests would be counted.
    await using tenant = await startBenchTenant(1500, 0);
    const folder = await mkdtemp(join(tmpdir(), "rollcall-many-runs-"));
    const { TMPDIR: formerly } = process.env;
    process.env.TMPDIR = folder;
    try {
      const run = await loadFunctionFor(tenant.environment);
      for (let done = 0; done < RUNS_TO_WARM_UP; done++) await run();
      const before = await heldAfterCollection();
      for (let done = 0; done < RUNS; done++) await run();
      const after = await heldAfterCollection();

      assert.deepEqual(after.handles, before.handles);
      assert.equal(after.listeners, before.listeners);
      const gain = (of: "heapBytes" | "externalBytes") => after[of] - before[of];
      assert.ok(gain("heapBytes") < MAX_GAIN_BYTES, `the heap gained ${gain("heapBytes")} bytes`);
      assert.ok(gain("externalBytes") < MAX_GAIN_BYTES, `buffers gained ${gain("externalBytes")} bytes`);
      assert.deepEqual(await readdir(folder), []);
    } finally {
      if (formerly === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = formerly;
      await rm(folder, { recursive: true });
    }
  });
});
