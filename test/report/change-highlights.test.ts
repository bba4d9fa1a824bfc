import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Snapshots } from "../../src/archive/snapshots.ts";
import { readHighlights } from "../../src/report/facts/change-highlights.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { Container } from "../../src/storage/container.ts";
import { startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

it("names those whose changes have most weight, with the values before and after, and who moved between departments", async () => {
  await using rig = await startRig(storage, { users: 200 });
  const { directory } = rig.tenant;
  const ids = [...directory.ids()].slice(100, 200);
  for (const id of ids)
    directory.update(id, { department: "Before", jobTitle: "Clerk", accountEnabled: true });
  const settings = {
    ROLLCALL_PROPERTIES: "displayName,department,jobTitle,accountEnabled,onPremisesLastSyncDateTime",
  };
  await rig.run({ settings });
  for (const id of ids.slice(0, 40)) directory.update(id, { jobTitle: "Head Clerk" });
  const [mover = "", disabled = "", leaver = ""] = ids.slice(90);
  directory.update(mover, { department: "After", jobTitle: "Mover" });
  directory.update(disabled, { accountEnabled: false });
  directory.remove(leaver);
  const onPremisesLastSyncDateTime = "2026-11-30T01:00:00Z";
  for (const id of [mover, ...ids.slice(40, 90)]) directory.update(id, { onPremisesLastSyncDateTime });
  directory.add({ department: "After" });
  const { tenantId } = await rig.run({ settings });

  const { signal } = new AbortController();
  const snapshots = new Snapshots(new Container(rig.container, signal), tenantId, signal);
  const snapshot = await snapshots.latest();
  const { changed, joined, left, ...rest } = await readHighlights(snapshot, ["After"]);
  assert.equal(changed.length, 25, "of 42");
  assert.deepEqual(
    [changed[0], changed[1]].map((user) => [user?.id, user?.values]),
    [
      [disabled, [{ property: "accountEnabled", before: true, after: false }]],
      [
        mover,
        [
          { property: "department", before: "Before", after: "After" },
          { property: "jobTitle", before: "Clerk", after: "Mover" },
        ],
      ],
    ],
  );
  assert.deepEqual(rest.byProperty.slice(0, 2), [
    { property: "onPremisesLastSyncDateTime", users: 51 },
    { property: "jobTitle", users: 41 },
  ]);
  assert.equal(rest.onlyRestless, 50);
  assert.deepEqual([joined[0]?.department, left[0]?.department], ["After", "Before"]);
  assert.deepEqual([...rest.departments.named], [["After", { joined: 1, left: 0, movedIn: 1, movedOut: 0 }]]);
  assert.deepEqual(rest.departments.others, { joined: 0, left: 1, movedIn: 0, movedOut: 1 });
});
