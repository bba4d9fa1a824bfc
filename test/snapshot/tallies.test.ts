import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Snapshots } from "../../src/archive/snapshots.ts";
import type { User } from "../../src/rows/user-line.ts";
import { TRAIT } from "../../src/rows/user-traits.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { type Tallies, UserTally } from "../../src/snapshot/tallies.ts";
import { readingSide } from "../support/aftermath.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";

const USERS = 2300;

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** Counts a run's users the slow way: `JSON.parse` of each line. */
async function counted(rig: Rig, { runId }: Manifest): Promise<Omit<Tallies, "joined" | "left" | "changed">> {
  const signal = AbortSignal.timeout(60_000);
  const snapshots = new Snapshots(readingSide(rig, storage), rig.tenant.tenantId, signal);
  const users: User[] = await Array.fromAsync((await snapshots.open(runId)).lines(), (line) =>
    JSON.parse(line),
  );
  const count = (fits: (user: User) => boolean) => users.filter(fits).length;
  return {
    users: users.length,
    members: count(({ userType }) => userType === "Member"),
    guests: count(({ userType }) => userType === "Guest"),
    enabled: count(({ accountEnabled }) => accountEnabled === true),
    disabled: count(({ accountEnabled }) => accountEnabled === false),
    synchronised: count(({ onPremisesSyncEnabled }) => onPremisesSyncEnabled === true),
    licensed: count(({ assignedLicenses: of }) => Array.isArray(of) && of.length > 0),
  };
}

describe("the tallies of a run", () => {
  it("are those of a count of its parts, and differ from each other", async () => {
    await using rig = await startRig(storage, { users: USERS });
    const manifest = await rig.run();
    const expected = await counted(rig, manifest);
    const { joined, left, changed, ...tallies } = manifest.tallies ?? assert.fail();
    assert.deepEqual(tallies, expected);
    assert.deepEqual([joined, left, changed], [null, null, null]);
    assert.equal(
      new Set(Object.values(expected)).size,
      Object.keys(expected).length,
      JSON.stringify(expected),
    );
    const { members, guests, enabled, disabled } = expected;
    assert.ok((members ?? 0) + (guests ?? 0) < USERS && (enabled ?? 0) + (disabled ?? 0) < USERS);
  });

  it("count a user once who came on several pages, listed page after page or in slices", async () => {
    for (const mode of ["sequential", "sliced"]) {
      await using rig = await startRig(storage, { users: USERS });
      rig.tenant.script({
        service: "graph",
        match: ({ page }) => page === 2,
        fault: { kind: "duplicate", count: 250 },
      });
      const manifest = await rig.run({ settings: { ROLLCALL_LISTING: mode } });
      if (mode === "sequential") assert.equal(manifest.completeness.duplicates, 250);
      const { joined: _, left: __, changed: ___, ...tallies } = manifest.tallies ?? assert.fail();
      assert.deepEqual(tallies, await counted(rig, manifest));
    }
  });

  it("have what changed since the last run", async () => {
    await using rig = await startRig(storage, { users: 120 });
    await rig.run();
    const { directory } = rig.tenant;
    const [one = "", two = "", three = ""] = directory.ids();
    directory.remove(one);
    directory.update(two, { department: "elsewhere" });
    directory.update(three, { accountEnabled: false });
    for (let joining = 0; joining < 3; joining++) directory.add();
    const { tallies, changes } = await rig.run();
    assert.deepEqual([tallies?.joined, tallies?.left, tallies?.changed], [3, 1, 2]);
    assert.deepEqual([changes?.joined, changes?.left, changes?.changed], [3, 1, 2]);
    const { tallies: without } = await rig.run({ settings: { ROLLCALL_CHANGES: "off" } });
    assert.deepEqual([without?.joined, without?.left, without?.changed], [null, null, null]);
  });

  it("are null where the property was not selected", async () => {
    await using rig = await startRig(storage, { users: 50 });
    const some = await rig.run({ settings: { ROLLCALL_PROPERTIES: "displayName,userType" } });
    const { users, members, guests, ...others } = some.tallies ?? assert.fail();
    assert.deepEqual([users, typeof members, typeof guests], [50, "number", "number"]);
    assert.deepEqual([...new Set(Object.values(others))], [null]);
  });
});

describe("UserTally", () => {
  it("counts users by each of their traits", () => {
    const tally = new UserTally();
    for (const traits of [0, TRAIT.enabled | TRAIT.member, TRAIT.enabled | TRAIT.guest | TRAIT.licensed, 63])
      tally.add(traits);
    const selected = ["accountEnabled", "userType", "onPremisesSyncEnabled", "assignedLicenses"];
    const counts = { enabled: 3, disabled: 1, members: 2, guests: 2, synchronised: 1, licensed: 2 };
    assert.deepEqual(tally.tallies(selected), { users: 4, ...counts });
  });

  it("says null of what was not selected, and 0 of nobody", () => {
    const none = { members: null, guests: null, synchronised: null, licensed: null };
    assert.deepEqual(new UserTally().tallies(["accountEnabled"]), {
      users: 0,
      enabled: 0,
      disabled: 0,
      ...none,
    });
  });
});
