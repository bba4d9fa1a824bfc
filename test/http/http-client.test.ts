import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import {
  DamagedBodyError,
  DEFAULT_TIMEOUTS,
  HttpClient,
  type HttpRequest,
  MAX_BODY_BYTES,
  NetworkError,
} from "../../src/http/http-client.ts";
import { startLocalServer } from "../support/local-server.ts";

const NEVER = new AbortController().signal;
const TEXT = JSON.stringify({ value: Array.from({ length: 500 }, (_, index) => ({ id: index })) });

function get(url: string): HttpRequest {
  return { method: "GET", url, headers: {} };
}

async function bodyOf(client: HttpClient, url: string): Promise<Buffer> {
  const response = await client.send(get(url), NEVER);
  return response.body();
}

async function rejectsWithCode(sent: Promise<unknown>, codes: readonly string[]): Promise<void> {
  await assert.rejects(sent, (error) => {
    assert.ok(error instanceof NetworkError, String(error));
    assert.ok(codes.includes(error.code), `${error.code} is none of ${codes.join(", ")}`);
    assert.equal(error.message, error.code);
    return true;
  });
}

describe("HttpClient.send", () => {
  it("reads a plain body", async () => {
    await using server = await startLocalServer((_request, response) => response.end(TEXT));
    await using client = new HttpClient();
    const response = await client.send(get(server.url), NEVER);
    assert.equal(response.status, 200);
    assert.equal((await response.body()).toString(), TEXT);
  });

  it("asks for gzip and decompresses it", async () => {
    await using server = await startLocalServer((request, response) => {
      assert.equal(request.headers["accept-encoding"], "gzip");
      response.setHeader("content-encoding", "gzip").end(gzipSync(TEXT));
    });
    await using client = new HttpClient();
    const response = await client.send(get(server.url), NEVER);
    assert.equal((await response.body()).toString(), TEXT);
  });

  it("takes an empty body that is declared as gzip for an empty one", async () => {
    await using server = await startLocalServer((_request, response) => {
      response.writeHead(503, { "content-encoding": "gzip" }).end();
    });
    await using client = new HttpClient();
    const response = await client.send(get(server.url), NEVER);
    assert.equal(response.status, 503);
    assert.equal((await response.body()).length, 0);
  });

  it("sends method, headers and body", async () => {
    await using server = await startLocalServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      response.end(`${request.method} ${request.headers["content-type"]} ${body}`);
    });
    await using client = new HttpClient();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = await client.send({ method: "POST", url: server.url, headers, body: "a=b" }, NEVER);
    assert.equal((await response.body()).toString(), "POST application/x-www-form-urlencoded a=b");
  });

  it("gives header names in lower case and the first of repeated values", async () => {
    await using server = await startLocalServer((_request, response) => {
      response.setHeader("Request-Id", "one").setHeader("Set-Cookie", ["a=1", "b=2"]).end();
    });
    await using client = new HttpClient();
    const { headers } = await client.send(get(server.url), NEVER);
    assert.equal(headers["request-id"], "one");
    assert.equal(headers["set-cookie"], "a=1");
  });

  it("takes a status that is not success for an answer", async () => {
    await using server = await startLocalServer((_request, response) => {
      response.writeHead(429, { "retry-after": "2.128" }).end("busy");
    });
    await using client = new HttpClient();
    const response = await client.send(get(server.url), NEVER);
    assert.equal(response.status, 429);
    assert.equal(response.headers["retry-after"], "2.128");
    assert.equal((await response.body()).toString(), "busy");
  });

  it("returns a redirect and does not follow it", async () => {
    const asked: string[] = [];
    await using server = await startLocalServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    await using client = new HttpClient();
    const response = await client.send(get(`${server.url}/here`), NEVER);
    assert.equal(response.status, 302);
    assert.equal(response.headers.location, "/elsewhere");
    assert.deepEqual(asked, ["/here"]);
  });

  it("keeps its connections for the requests that follow", async () => {
    await using server = await startLocalServer((_request, response) => response.end("ok"));
    await using client = new HttpClient();
    for (let sent = 0; sent < 10; sent++) await client.send(get(server.url), NEVER);
    // Two, because an answer's end is told a moment before its connection is free again.
    assert.ok(server.connections() <= 2, `${server.connections()} connections`);
  });

  it("throws DamagedBodyError for gzip that is cut", async () => {
    await using server = await startLocalServer((_request, response) => {
      response.setHeader("content-encoding", "gzip").end(gzipSync(TEXT).subarray(0, -20));
    });
    await using client = new HttpClient();
    await assert.rejects(bodyOf(client, server.url), DamagedBodyError);
  });

  it("throws DamagedBodyError for gzip whose checksum is wrong", async () => {
    const bytes = gzipSync(TEXT);
    bytes[bytes.length - 8] = (bytes[bytes.length - 8] ?? 0) ^ 1;
    await using server = await startLocalServer((_request, response) => {
      response.setHeader("content-encoding", "gzip").end(bytes);
    });
    await using client = new HttpClient();
    await assert.rejects(bodyOf(client, server.url), DamagedBodyError);
  });

  it("throws DamagedBodyError for plain text that is declared as gzip", async () => {
    await using server = await startLocalServer((_request, response) => {
      response.setHeader("content-encoding", "gzip").end("<html>502</html>");
    });
    await using client = new HttpClient();
    await assert.rejects(bodyOf(client, server.url), DamagedBodyError);
  });

  for (const [words, encoding, make] of [
    ["as it comes", "identity", () => Buffer.alloc(MAX_BODY_BYTES + 1)],
    ["once it is unpacked", "gzip", () => gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1), { level: 1 })],
  ] as const) {
    it(`throws DamagedBodyError in words of its own for a body that is too large ${words}`, async () => {
      const body = make();
      await using server = await startLocalServer((_request, response) => {
        response.setHeader("content-encoding", encoding).end(body);
      });
      await using client = new HttpClient();
      await assert.rejects(bodyOf(client, server.url), (error) => {
        assert.ok(error instanceof DamagedBodyError, String(error));
        assert.equal(error.message, "it is larger than 67108864 bytes, the most that is read");
        return true;
      });
    });
  }

  it("reads a body of the largest size", async () => {
    const body = gzipSync(Buffer.alloc(MAX_BODY_BYTES), { level: 1 });
    await using server = await startLocalServer((_request, response) => {
      response.setHeader("content-encoding", "gzip").end(body);
    });
    await using client = new HttpClient();
    assert.equal((await bodyOf(client, server.url)).length, MAX_BODY_BYTES);
  });

  it("throws NetworkError for a body that is shorter than declared", async () => {
    await using server = await startLocalServer((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("half", () => response.socket?.destroy());
    });
    await using client = new HttpClient();
    await rejectsWithCode(client.send(get(server.url), NEVER), ["UND_ERR_SOCKET", "ECONNRESET"]);
  });

  it("throws NetworkError for a chunked body that is cut", async () => {
    await using server = await startLocalServer((_request, response) => {
      response.write("half", () => response.socket?.destroy());
    });
    await using client = new HttpClient();
    await rejectsWithCode(client.send(get(server.url), NEVER), ["UND_ERR_SOCKET", "ECONNRESET"]);
  });

  it("throws NetworkError for a connection that is reset before the answer", async () => {
    await using server = await startLocalServer((request) => request.socket.resetAndDestroy());
    await using client = new HttpClient();
    await rejectsWithCode(client.send(get(server.url), NEVER), ["ECONNRESET", "UND_ERR_SOCKET"]);
  });

  it("throws NetworkError for a connection that is closed before the answer", async () => {
    await using server = await startLocalServer((request) => request.socket.end());
    await using client = new HttpClient();
    await rejectsWithCode(client.send(get(server.url), NEVER), ["UND_ERR_SOCKET"]);
  });

  it("throws NetworkError where nobody listens, also when the name has two addresses", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const address = closed.address();
    assert.ok(address !== null && typeof address === "object");
    closed.close();
    await once(closed, "close");
    await using client = new HttpClient();
    await rejectsWithCode(client.send(get(`http://127.0.0.1:${address.port}`), NEVER), ["ECONNREFUSED"]);
    await rejectsWithCode(client.send(get(`http://localhost:${address.port}`), NEVER), ["ECONNREFUSED"]);
  });

  it("gives up on a server that sends no headers", async () => {
    await using server = await startLocalServer(() => undefined);
    await using client = new HttpClient({ ...DEFAULT_TIMEOUTS, headersMs: 20 });
    await rejectsWithCode(client.send(get(server.url), NEVER), ["UND_ERR_HEADERS_TIMEOUT"]);
  });

  it("gives up on a body that stalls", async () => {
    await using server = await startLocalServer((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("half");
    });
    await using client = new HttpClient({ ...DEFAULT_TIMEOUTS, bodyMs: 20 });
    await rejectsWithCode(client.send(get(server.url), NEVER), ["UND_ERR_BODY_TIMEOUT"]);
  });

  it("throws the signal's reason and sends nothing when it is aborted already", async () => {
    let requests = 0;
    await using server = await startLocalServer((_request, response) => {
      requests++;
      response.end();
    });
    await using client = new HttpClient();
    const reason = new Error("time is up");
    await assert.rejects(
      client.send(get(server.url), AbortSignal.abort(reason)),
      (error) => error === reason,
    );
    await client.send(get(server.url), NEVER);
    assert.equal(requests, 1);
  });

  it("throws the signal's reason when it is aborted before the headers", async () => {
    const reason = new Error("time is up");
    const stop = new AbortController();
    await using server = await startLocalServer(() => stop.abort(reason));
    await using client = new HttpClient();
    await assert.rejects(client.send(get(server.url), stop.signal), (error) => error === reason);
  });

  it("throws the signal's reason when it is aborted within the body", async () => {
    const reason = new Error("time is up");
    const stop = new AbortController();
    await using server = await startLocalServer((_request, response) => {
      response.write("half", () => stop.abort(reason));
    });
    await using client = new HttpClient();
    await assert.rejects(client.send(get(server.url), stop.signal), (error) => error === reason);
  });

  it("gathers no listeners on a signal that serves many requests", async () => {
    await using server = await startLocalServer((_request, response) => response.end("ok"));
    await using client = new HttpClient();
    const { signal } = new AbortController();
    for (let sent = 0; sent < 10; sent++) await client.send(get(server.url), signal);
    assert.ok(getEventListeners(signal, "abort").length <= 1);
  });
});

describe("HttpClient.reconnect", () => {
  it("opens a new connection for the next request", async () => {
    await using server = await startLocalServer((_request, response) => response.end("ok"));
    await using client = new HttpClient();
    await client.send(get(server.url), NEVER);
    client.reconnect();
    const response = await client.send(get(server.url), NEVER);
    assert.equal((await response.body()).toString(), "ok");
    assert.equal(server.connections(), 2);
  });

  it("leaves a request that is under way alone", async () => {
    const arrived = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    await using server = await startLocalServer(async (request, response) => {
      if (request.url === "/slow") {
        response.write("first ");
        arrived.resolve();
        await goOn.promise;
      }
      response.end("last");
    });
    await using client = new HttpClient();
    const slow = client.send(get(`${server.url}/slow`), NEVER);
    await arrived.promise;
    client.reconnect();
    const quick = await client.send(get(`${server.url}/quick`), NEVER);
    goOn.resolve();
    assert.equal((await quick.body()).toString(), "last");
    assert.equal((await (await slow).body()).toString(), "first last");
    assert.equal(server.connections(), 2);
  });
});

describe("HttpClient's disposal", () => {
  it("ends a request that is under way", async () => {
    const arrived = Promise.withResolvers<void>();
    await using server = await startLocalServer(() => arrived.resolve());
    const client = new HttpClient();
    const sent = assert.rejects(client.send(get(server.url), NEVER), NetworkError);
    await arrived.promise;
    await client[Symbol.asyncDispose]();
    await sent;
  });
});
