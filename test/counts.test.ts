// src/listing (what is checked against the directory's count) is tested through runs: here, and in sliced.test.ts.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Fault, FaultRule } from "../src/sandbox/service/fault.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import type { Manifest } from "../src/snapshot/manifest.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

const ALWAYS = { times: Number.POSITIVE_INFINITY };

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** A rule for the count of the whole directory. */
function onCount(value: number | string, more: Partial<FaultRule> = {}): FaultRule {
  return {
    service: "graph",
    match: ({ query }) => !query.has("$filter"),
    fault: { kind: "count", value },
    ...more,
  };
}

function onPage2(fault: Fault, more: Partial<FaultRule> = {}): FaultRule {
  return { service: "graph", match: ({ page }) => page === 2, fault, ...more };
}

/** Asserts that all people of the directory are in the snapshot. */
function assertWhole(rig: Rig, { completeness }: Manifest): void {
  assert.equal(completeness.unique, rig.tenant.directory.size);
  assert.equal(completeness.verdict, "complete");
}

function counts({ completeness }: Manifest) {
  return [completeness.counted, completeness.countedAfter];
}

describe("a count that a previous snapshot had, and that is missing tonight,", () => {
  it("is asked for again, and a passing refusal costs nothing", async () => {
    await using rig = await startRig(storage);
    await rig.run();
    rig.tenant.script(onCount("unsupported"));
    const manifest = await rig.run();
    assertWhole(rig, manifest);
    assert.deepEqual(counts(manifest), [2500, 2500]);
    assert.deepEqual(manifest.warnings, []);
  });

  it("stops the run: a cut list would pass for the whole one of a tenant that never counts", async () => {
    await using rig = await startRig(storage);
    await rig.run();
    rig.tenant.script(onCount("unsupported", ALWAYS));
    rig.tenant.script(onPage2({ kind: "endEarly" }));
    const error = await rig.fails("count-missing");
    assert.match(error.message, /ROLLCALL_COUNT=off/);
  });

  it("is remembered over a night without", async () => {
    await using rig = await startRig(storage);
    await rig.run();
    const without = await rig.run({ settings: { ROLLCALL_COUNT: "off" } });
    assert.equal(without.completeness.countOffered, true);
    rig.tenant.script(onCount("unsupported", ALWAYS));
    await rig.fails("count-missing");
  });
});

describe("a tenant that never offered a count", () => {
  it("is listed uncounted, night after night, also where slices are wanted", async () => {
    await using rig = await startRig(storage, { counts: false });
    for (const listing of ["auto", "sliced"]) {
      const { completeness } = await rig.run({ settings: { ROLLCALL_LISTING: listing } });
      assert.equal(completeness.verdict, "uncounted");
      assert.equal(completeness.countOffered, false);
      assert.equal(completeness.unique, 2500);
    }
  });

  it("is checked against a count as soon as there is one, even behind the listing", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onCount("unsupported", { times: 3 }));
    const manifest = await rig.run();
    assertWhole(rig, manifest);
    assert.deepEqual(counts(manifest), [2500, 2500]);
  });

  it("does not hide a cut list behind a count that is refused before the listing", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onCount("unsupported", { times: 3 }));
    rig.tenant.script(onPage2({ kind: "endEarly" }));
    await rig.fails("listing-short");
  });
});

describe("ROLLCALL_COUNT=off", () => {
  it("asks for no count, and says uncounted", async () => {
    await using rig = await startRig(storage);
    const { completeness } = await rig.run({ settings: { ROLLCALL_COUNT: "off" } });
    assert.equal(completeness.verdict, "uncounted");
    assert.equal(completeness.counted, null);
    assert.ok(!rig.tenant.requests.some(({ path }) => path.endsWith("/$count")));
  });
});

describe("a count that the listing exceeds", () => {
  for (const value of [0, 1, 1000, 2490]) {
    it(`proves nothing: ${value} of 2500, before the listing and after it`, async () => {
      await using rig = await startRig(storage);
      rig.tenant.script(onCount(value, ALWAYS));
      const error = await rig.fails("count-contradicted");
      assert.match(error.message, /2500 different users were listed/);
    });
  }

  it("does not pass a cut list for whole, and is asked for again", async () => {
    await using rig = await startRig(storage);
    await rig.run();
    rig.tenant.script(onCount(0, ALWAYS));
    rig.tenant.script(onPage2({ kind: "endEarly" }, ALWAYS));
    await rig.fails("count-contradicted");
  });

  it("is mended by the count behind the listing, and both are told", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onCount(1000));
    const manifest = await rig.run();
    assertWhole(rig, manifest);
    assert.deepEqual(counts(manifest), [1000, 2500]);
    assert.match(manifest.warnings.join(), /^count-moved: .*1000 users before the listing and 2500 after it/);
  });

  it("before the listing, with a listing cut every time, ends in a refusal", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onCount(1998));
    rig.tenant.script(onPage2({ kind: "endEarly" }, ALWAYS));
    await rig.fails("listing-short", { run: { maxPartBytes: 1000 } });
  });

  it("and that agrees with a list cut once, has the users listed again", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onCount(1998));
    rig.tenant.script(onPage2({ kind: "endEarly" }));
    const manifest = await rig.run({ run: { maxPartBytes: 1000 } });
    assertWhole(rig, manifest);
    assert.deepEqual(await rig.orphans(), []);
  });

  it("by no more than the tolerance is taken like any other count", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onCount(2496, ALWAYS));
    assertWhole(rig, await rig.run());
  });
});

describe("a count beyond all measure", () => {
  it("is a listing that falls short, not memory taken for a thousand million users", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onCount(999_999_999, ALWAYS));
    await rig.fails("listing-short");
  });
});

describe("a directory that changes while it is listed", () => {
  for (const [words, change] of [
    [
      "grows",
      (rig: Rig) =>
        Array.from({ length: 60 }, (_, n) => rig.tenant.directory.add({ displayName: `New ${n}` })),
    ],
    [
      "shrinks",
      ({ tenant: { directory } }: Rig) => {
        for (const id of [...directory.ids()].slice(-60)) directory.remove(id);
      },
    ],
  ] as const) {
    it(`${words} by more than the tolerance is committed, with both counts`, async () => {
      await using rig = await startRig(storage);
      rig.tenant.script(onPage2({ kind: "before", run: () => void change(rig) }));
      const manifest = await rig.run();
      assertWhole(rig, manifest);
      assert.equal(manifest.completeness.countedAfter, rig.tenant.directory.size);
    });
  }
});

describe("a count that is missing behind the listing only", () => {
  it("stops the run: a count that was low before it would let a cut list through", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onCount(1998));
    rig.tenant.script(onCount("unsupported", { ...ALWAYS, after: 1 }));
    rig.tenant.script(onPage2({ kind: "endEarly" }, ALWAYS));
    await rig.fails("count-missing", { run: { maxPartBytes: 1000 } });
  });
});

describe("what a whole list may hide is told:", () => {
  it("users who come again by the hundred", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "duplicate", count: 300 }));
    const manifest = await rig.run();
    assertWhole(rig, manifest);
    assert.match(manifest.warnings.join(), /^users-repeated: 300 of 2800 rows/);
  });

  it("a property that is suddenly empty for everybody", async () => {
    await using rig = await startRig(storage, { users: 300 });
    await rig.run();
    for (const id of rig.tenant.directory.ids())
      rig.tenant.directory.update(id, { department: null, otherMails: [] });
    const manifest = await rig.run();
    assert.match(manifest.warnings.join(), /^property-emptied: .*department \(0 after \d+\)/);
    assert.equal(manifest.source.filled?.department, 0);
    const next = await rig.run();
    assert.deepEqual(next.warnings, []);
  });

  it("and not a property that a few users lose", async () => {
    await using rig = await startRig(storage, { users: 300 });
    await rig.run();
    for (const id of [...rig.tenant.directory.ids()].slice(0, 30))
      rig.tenant.directory.update(id, { department: null });
    assert.deepEqual((await rig.run()).warnings, []);
  });
});

describe("a count that was had once tonight, and is lost by a restart,", () => {
  const expired: FaultRule = {
    service: "graph",
    match: ({ page }) => page === 2,
    fault: { kind: "expiredPageToken" },
  };
  const cut = onPage2({ kind: "endEarly" }, { ...ALWAYS, after: 1 });

  for (const nights of ["first", "second"] as const) {
    it(`still holds a list that is cut behind an expired page token, on the ${nights} night`, async () => {
      await using rig = await startRig(storage);
      if (nights === "second") await rig.run();
      rig.tenant.script(expired);
      rig.tenant.script(onCount("unsupported", { ...ALWAYS, after: 1 }));
      rig.tenant.script({ ...cut, after: 0 });
      await rig.fails("count-missing", { run: { maxPartBytes: 1000 } });
    });
  }

  it("still holds a list that is cut behind a disputed one", async () => {
    await using rig = await startRig(storage);
    await rig.run();
    rig.tenant.script(onCount(1998));
    rig.tenant.script(onCount("unsupported", { ...ALWAYS, after: 2 }));
    rig.tenant.script(onPage2({ kind: "endEarly" }, ALWAYS));
    await rig.fails("count-missing", { run: { maxPartBytes: 1000 } });
  });

  it("still holds a list that is cut behind slices that were thrown away", async () => {
    await using rig = await startRig(storage);
    await rig.run();
    rig.tenant.script({
      service: "graph",
      match: ({ page, query }) => page === 1 && query.has("$filter"),
      fault: { kind: "ignoreFilter" },
    });
    rig.tenant.script(onCount("unsupported", { ...ALWAYS, after: 1 }));
    rig.tenant.script(
      onPage2(
        { kind: "endEarly" },
        { ...ALWAYS, match: ({ page, query }) => page === 2 && !query.has("$filter") },
      ),
    );
    await rig.fails("count-missing", {
      settings: { ROLLCALL_LISTING: "sliced" },
      run: { maxPartBytes: 1000 },
    });
  });
});

describe("a damaged previous snapshot", () => {
  /** The blobs of a run whose names end so. */
  async function blobsOf(rig: Rig, { runId }: Manifest, ending: string): Promise<readonly string[]> {
    return (await rig.blobs()).filter((name) => name.includes(`run=${runId}/`) && name.endsWith(ending));
  }

  function loseCountAndCut(rig: Rig): void {
    rig.tenant.script(onCount("unsupported", ALWAYS));
    rig.tenant.script(onPage2({ kind: "omitUsers", count: 300 }, ALWAYS));
  }

  it("still tells that the tenant counts, where only its parts are damaged", async () => {
    await using rig = await startRig(storage);
    const previous = await rig.run();
    for (const part of await blobsOf(rig, previous, ".ndjson.gz")) await rig.container.deleteBlob(part);
    loseCountAndCut(rig);
    await rig.fails("count-missing");
  });

  it("still tells so, where an older whole one did without a count", async () => {
    await using rig = await startRig(storage);
    await rig.run({ settings: { ROLLCALL_COUNT: "off" } });
    const newest = await rig.run();
    for (const part of await blobsOf(rig, newest, ".ndjson.gz")) await rig.container.deleteBlob(part);
    loseCountAndCut(rig);
    const published = await rig.published();
    await assert.rejects(rig.run(), { code: "count-missing" });
    assert.deepEqual(await rig.published(), published);
  });

  it("that cannot be read at all does not stop a tenant without a count, and that is told", async () => {
    await using rig = await startRig(storage, { counts: false });
    const previous = await rig.run();
    const [manifest = ""] = await blobsOf(rig, previous, "/manifest.json");
    await rig.container.getBlockBlobClient(manifest).upload("{", 1);
    const { completeness, warnings } = await rig.run();
    assert.equal(completeness.verdict, "uncounted");
    assert.ok(warnings.some((text) => text.startsWith("uncounted: ")));
  });
});

describe("ROLLCALL_COUNT=off in a tenant that counts", () => {
  it("is told each night", async () => {
    await using rig = await startRig(storage);
    await rig.run();
    for (let night = 0; night < 2; night++) {
      const { warnings } = await rig.run({ settings: { ROLLCALL_COUNT: "off" } });
      assert.match(warnings.join(), /^uncounted: the tenant offers a count/);
    }
  });
});

describe("how many users have a value", () => {
  it("is told of each user once, however often they came", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "duplicate", count: 300 }));
    const { source, completeness } = await rig.run();
    assert.equal(completeness.duplicates, 300);
    assert.equal(source.filled?.id, completeness.unique);
    await using plain = await startRig(storage);
    assert.deepEqual((await plain.run()).source.filled?.department, source.filled?.department);
  });
});
