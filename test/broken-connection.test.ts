import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { trustSandbox } from "../src/sandbox/service/tls.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { openContainer } from "../src/storage/container.ts";
import { type Cable, layCable } from "./support/cable.ts";
import { sharedTls, startSharedStorage } from "./support/shared-storage.ts";

const PATH = "tenant=87d349ed-44d7-43e1-9a83-5f2406dee5bd/blob";
const MAX_SILENCE_MS = 500;
/** Far more than a connection holds on its way. */
const BODY = randomBytes(2 ** 24);

let storage: Storage;
let cable: Cable;

before(async () => {
  trustSandbox(await sharedTls());
  storage = await startSharedStorage();
  cable = await layCable(storage.url);
  await open(() => undefined).prepare();
  await open(() => undefined).putOnce({ path: PATH, body: BODY, contentType: "application/octet-stream" });
});
after(async () => {
  await cable[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

/** @param onRead called while a body is on its way */
function open(onRead: () => void) {
  const connectionString = storage.connectionString.replace(storage.url, cable.url);
  assert.notEqual(connectionString, storage.connectionString);
  const nobody = { getToken: async () => null };
  const { signal } = new AbortController();
  const place = { kind: "local", connectionString } as const;
  return openContainer(place, `broken-${process.pid}`, nobody, signal, onRead, MAX_SILENCE_MS);
}

const WAYS = {
  "breaks off": () => {
    cable.cut();
    cable.plug();
  },
  "falls silent": () => cable.hush(),
};

for (const [way, happen] of Object.entries(WAYS)) {
  describe(`a connection that ${way} while a blob is read`, () => {
    it("is made again, and the blob is read from its beginning", async () => {
      let reads = 0;
      const container = open(() => {
        if (reads++ === 0) happen();
      });
      const body = await container.read(PATH, BODY.length);
      assert.ok(body?.equals(BODY));
      assert.ok(reads > 1);
    });

    it("is told of as one, when it does so each time", async () => {
      await assert.rejects(open(happen).read(PATH, BODY.length), {
        code: "storage-unavailable",
        problem: "no complete answer arrived (the connection broke off or fell silent)",
      });
    });
  });
}
