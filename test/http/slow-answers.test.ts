import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { HttpClient, NetworkError } from "../../src/http/http-client.ts";
import { retryDelayMs } from "../../src/http/retry-delay.ts";
import { startLocalServer } from "../support/local-server.ts";

const { signal } = new AbortController();
const TIMEOUTS = { connectMs: 1000, headersMs: 300, bodyMs: 300, wholeMs: 800 };

/** Sends a byte now and then, more often than the timeouts with silence wants, for ever. */
function trickle(write: () => void, response: ServerResponse): void {
  const timer = setInterval(write, 50);
  response.on("close", () => clearInterval(timer));
}

async function isTooSlow(answer: (response: ServerResponse) => void): Promise<void> {
  await using server = await startLocalServer((_request, response) => answer(response));
  await using client = new HttpClient(TIMEOUTS);
  await assert.rejects(
    client.send({ method: "GET", url: server.url, headers: {} }, signal),
    (error: unknown) => {
      assert.ok(error instanceof NetworkError);
      assert.match(error.code, /^(TOO_SLOW|UND_ERR_HEADERS_TIMEOUT)$/);
      assert.notEqual(retryDelayMs({ kind: "network", code: error.code }, 1, 0, 0), undefined);
      return true;
    },
  );
}

describe("an answer that keeps moving and never ends", () => {
  it("is broken off and asked for again when its body comes byte by byte", async () => {
    await isTooSlow((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      trickle(() => response.write(" "), response);
    });
  });

  it("is broken off when its headers come byte by byte", async () => {
    await isTooSlow((response) => {
      const { socket } = response;
      socket?.write("HTTP/1.1 200 OK\r\nx-slow: ");
      trickle(() => socket?.write("a"), response);
    });
  });

  it("is broken off when one interim answer follows another", async () => {
    await isTooSlow((response) => trickle(() => response.writeProcessing(), response));
  });

  it("leaves a slow one alone that ends in time", async () => {
    await using server = await startLocalServer((_request, response) => {
      let left = 8;
      trickle(() => (left-- > 0 ? response.write("a") : response.end()), response);
    });
    await using client = new HttpClient({ ...TIMEOUTS, wholeMs: 10_000 });
    const response = await client.send({ method: "GET", url: server.url, headers: {} }, signal);
    assert.equal((await response.body()).toString(), "aaaaaaaa");
  });
});
