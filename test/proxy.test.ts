import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { RollcallError } from "../src/error.ts";
import { HttpClient, NetworkError } from "../src/http/http-client.ts";
import { type ProxyRules, readProxyRules } from "../src/http/proxy.ts";
import { sandboxTls } from "../src/sandbox/service/tls.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { readSettings, SettingsError } from "../src/settings/settings.ts";
import { failureOf, jsonOf, rollcallIn } from "./cli/rollcall-process.ts";
import { type ConnectProxy, type ProxyBehaviour, startConnectProxy } from "./support/connect-proxy.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

const { signal } = new AbortController();
const TIMEOUTS = { connectMs: 5000, headersMs: 5000, bodyMs: 5000 };
/** Short enough to wait out. */
const IMPATIENT = { connectMs: 1500, headersMs: 1500, bodyMs: 1500 };

let storage: Storage;
let rig: Rig;

before(async () => {
  storage = await startSharedStorage();
  rig = await startRig(storage, { users: 1200 });
});
after(async () => {
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

function rulesFor(proxy: string, noProxy = ""): ProxyRules {
  const rules = readProxyRules({ HTTPS_PROXY: proxy, NO_PROXY: noProxy });
  assert.ok(typeof rules === "object");
  return rules;
}

/** A request with a token to the sandbox's Graph, which answers 401 or so: an answer all the same. */
function ask(client: HttpClient): Promise<number> {
  const headers = { authorization: "Bearer eyJhbGciOiJub25lIn0.secret" };
  return client
    .send({ method: "GET", url: `${rig.tenant.graph.origin}/v1.0/users`, headers }, signal)
    .then(({ status }) => status);
}

async function failsWith(code: RegExp, proxyUrl: string): Promise<void> {
  await using client = new HttpClient(IMPATIENT, rulesFor(proxyUrl));
  await assert.rejects(ask(client), (error: unknown) => {
    assert.ok(error instanceof NetworkError, inspect(error));
    assert.match(error.code, code);
    return true;
  });
}

/** The settings of the sandbox behind a proxy; the identity endpoint is reached directly, as it must be. */
function behind(proxy: string): Readonly<Record<string, string>> {
  const { IDENTITY_ENDPOINT = "" } = rig.sandbox.environment;
  return {
    HTTPS_PROXY: proxy,
    NO_PROXY: "localhost",
    IDENTITY_ENDPOINT: IDENTITY_ENDPOINT.replace("127.0.0.1", "localhost"),
  };
}

function hostsOfServices(): string[] {
  const { tenant } = rig;
  return [tenant.graph.origin, tenant.entra.origin, tenant.vault.origin, storage.url].map(
    (url) => new URL(url).host,
  );
}

describe("a run where HTTPS_PROXY names a proxy", () => {
  it("reaches all services through its tunnels, and tells it nothing but their names", async () => {
    await using proxy = await startConnectProxy();
    const asked = rig.tenant.requests.length;
    jsonOf(await rollcallIn(rig.sandbox, behind(proxy.url))("snapshot", "--json"));
    assert.deepEqual([...new Set(proxy.authorities)].sort(), hostsOfServices().sort());
    assert.deepEqual(proxy.plain, []);
    assert.ok(rig.tenant.requests.length > asked);
    const bytes = proxy.sent().toString("latin1");
    for (const word of ["eyJ", "Bearer", "authorization", rig.tenant.identity.header, rig.sandbox.secret]) {
      assert.ok(!bytes.includes(word), word);
    }
  });

  it("reaches none through it that NO_PROXY names", async () => {
    await using proxy = await startConnectProxy();
    const overrides = { HTTPS_PROXY: proxy.url, NO_PROXY: "127.0.0.1" };
    jsonOf(await rollcallIn(rig.sandbox, overrides)("snapshot", "--json"));
    assert.deepEqual([proxy.authorities, proxy.plain], [[], []]);
  });

  it("asks for nothing where the identity endpoint would be asked through it", async () => {
    await using proxy = await startConnectProxy();
    const outcome = await rollcallIn(rig.sandbox, { HTTPS_PROXY: proxy.url })("snapshot", "--json");
    assert.equal(outcome.exitCode, 2);
    assert.match(String(failureOf(outcome).problem), /^NO_PROXY must name the host of IDENTITY_ENDPOINT/);
    assert.deepEqual([proxy.authorities, proxy.plain], [[], []]);
  });

  const refusals: readonly (readonly [string, () => string])[] = [
    ["the storage", () => storage.url],
    ["the vault", () => rig.tenant.vault.origin],
    ["Entra", () => rig.tenant.entra.origin],
    ["Graph", () => rig.tenant.graph.origin],
  ];
  for (const [service, urlOf] of refusals) {
    it(`says that the proxy wants a login, when it does for ${service}`, async () => {
      const published = await rig.published();
      const { host } = new URL(urlOf());
      const behaviour: ProxyBehaviour = (authority) =>
        authority === host ? { kind: "refuse", status: 407 } : { kind: "open" };
      await using proxy = await startConnectProxy(behaviour);
      const login = proxy.url.replace("//", "//proxyuser:proxypass@");
      const outcome = await rollcallIn(rig.sandbox, behind(login))("snapshot", "--json");
      assert.equal(outcome.exitCode, 1);
      const { code, problem } = failureOf(outcome);
      assert.equal(code, "proxy-refused", outcome.stderr);
      assert.match(String(problem), /asks for a user name and password/);
      assert.ok(!`${outcome.stdout}${outcome.stderr}`.includes("proxypass"));
      assert.deepEqual(await rig.published(), published);
      assert.deepEqual(await rig.orphans(), []);
      // Once: the refusal is final. The storage SDK may ask for several blobs at a time.
      assert.ok(
        proxy.authorities.filter((authority) => authority === host).length <= 2,
        proxy.authorities.join(),
      );
    });
  }

  it("goes on when the proxy could not connect for a while", async () => {
    const { host } = new URL(rig.tenant.graph.origin);
    let refusals = 2;
    const behaviour: ProxyBehaviour = (authority) =>
      authority === host && refusals-- > 0 ? { kind: "refuse", status: 502 } : { kind: "open" };
    await using proxy = await startConnectProxy(behaviour);
    jsonOf(await rollcallIn(rig.sandbox, behind(proxy.url))("snapshot", "--json"));
    assert.ok(proxy.authorities.filter((authority) => authority === host).length >= 3);
  });
});

describe("an client through a proxy", () => {
  it("keeps its tunnel, and opens another after reconnect()", async () => {
    await using proxy = await startConnectProxy();
    await using client = new HttpClient(TIMEOUTS, rulesFor(proxy.url));
    for (let times = 0; times < 5; times++) await ask(client);
    const opened = proxy.authorities.length;
    // The pool may open a second one when the first is not seen to be free yet, with a proxy or without.
    assert.ok(opened <= 2, String(opened));
    client.reconnect();
    await ask(client);
    assert.equal(proxy.authorities.length, opened + 1);
  });

  it("sends the login of HTTPS_PROXY to the proxy, and prints it nowhere", async () => {
    await using proxy = await startConnectProxy();
    const rules = rulesFor(proxy.url.replace("//", "//us%40er:p%3Ass@"));
    await using client = new HttpClient(TIMEOUTS, rules);
    await ask(client);
    assert.deepEqual(proxy.logins, [`Basic ${Buffer.from("us@er:p:ss").toString("base64")}`]);
    assert.ok(!`${inspect(rules, { depth: 9 })}${JSON.stringify(rules)}`.includes("p%3Ass"));
  });

  it("fails in a way that may pass when the proxy is dead", async () => {
    const proxy = await startConnectProxy();
    await proxy[Symbol.asyncDispose]();
    await failsWith(/^PROXY_UNREACHABLE$/, proxy.url);
  });

  const failures: readonly (readonly [string, ReturnType<ProxyBehaviour>, RegExp])[] = [
    ["says nothing", { kind: "silent" }, /^PROXY_UNREACHABLE$/],
    ["ends the connection in place of an answer", { kind: "cut" }, /^PROXY_UNREACHABLE$/],
    ["ends the tunnel within the TLS handshake", { kind: "cut", afterBytes: 100 }, /^ECONNRESET$/],
    ["cannot reach the host", { kind: "refuse", status: 504 }, /^PROXY_UNAVAILABLE$/],
  ];
  for (const [what, deed, code] of failures) {
    it(`fails in a way that may pass when the proxy ${what}`, async () => {
      await using proxy = await startConnectProxy(() => deed);
      await failsWith(code, proxy.url);
    });
  }

  it("fails in a way that may pass when the tunnel ends within an answer", async () => {
    // A handshake is some 3 KB, a page some 100.
    await using proxy = await startConnectProxy(() => ({ kind: "cut", afterBytes: 20_000 }));
    const environment = { ...behind(proxy.url), ROLLCALL_TIME_BUDGET_MINUTES: "0.05" };
    const outcome = await rollcallIn(rig.sandbox, environment)("snapshot", "--json");
    assert.equal(outcome.exitCode, 1);
    assert.match(
      String(failureOf(outcome).code),
      /^(graph-unavailable|time-budget-exceeded)$/,
      outcome.stderr,
    );
    assert.deepEqual(await rig.orphans(), []);
  });

  it("refuses for good what the proxy refuses", async () => {
    await using proxy = await startConnectProxy(() => ({ kind: "refuse", status: 403 }));
    await using client = new HttpClient(TIMEOUTS, rulesFor(proxy.url));
    await assert.rejects(ask(client), (error: unknown) => {
      assert.ok(error instanceof RollcallError);
      assert.equal(error.code, "proxy-refused");
      assert.match(error.message, /refuses to connect to that host/);
      return true;
    });
  });

  it("sends nothing to who poses as the host at the tunnel's end", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rollcall-impostor-"));
    const tls = await sandboxTls(folder);
    let requests = 0;
    const impostor = createServer({ cert: tls.certificate, key: tls.key }, (_request, response) => {
      requests++;
      response.end("{}");
    });
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => rm(folder, { recursive: true }));
    cleanUp.defer(() => void impostor.close());
    await new Promise<void>((resolve) => impostor.listen(0, "127.0.0.1", resolve));
    const { port } = impostor.address() as AddressInfo;
    await using proxy: ConnectProxy = await startConnectProxy(() => ({ kind: "open", to: port }));
    await failsWith(/^(CERT_SIGNATURE_FAILURE|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/, proxy.url);
    assert.equal(requests, 0);
  });
});

describe("the proxy's rules", () => {
  const environment = () => rig.sandbox.environment;

  it("are those of the Azure SDKs: HTTPS_PROXY, ALL_PROXY, HTTP_PROXY, in either case", () => {
    const read = (names: Record<string, string>) => {
      const rules = readProxyRules(names);
      return typeof rules === "object" ? rules.url().host : rules;
    };
    const [one, two, three] = ["http://one:1", "http://two:2", "http://three:3"] as const;
    assert.equal(read({}), undefined);
    assert.equal(read({ HTTPS_PROXY: one, ALL_PROXY: two, HTTP_PROXY: three }), "one:1");
    assert.equal(read({ all_proxy: two, HTTP_PROXY: three }), "two:2");
    assert.equal(read({ HTTPS_PROXY: "", http_proxy: three }), "three:3");
  });

  it("except a host by its name, and a domain by a dot before it", () => {
    const rules = rulesFor("http://proxy:1", " login.microsoftonline.com ,.graph.microsoft.com,,");
    for (const host of ["login.microsoftonline.com", "graph.microsoft.com", "dod.graph.microsoft.com"]) {
      assert.ok(rules.isDirect(host), host);
    }
    for (const host of ["x.login.microsoftonline.com", "notgraph.microsoft.com", "microsoft.com"]) {
      assert.ok(!rules.isDirect(host), host);
    }
  });

  for (const value of ["proxy.corp:8080", "socks5://proxy:1", "not a url", "http://name:100%sure@proxy:1"]) {
    it(`refuse ${value}, without repeating it`, () => {
      assert.throws(
        () => readSettings({ ...environment(), HTTPS_PROXY: value }),
        (error: unknown) => {
          assert.ok(error instanceof SettingsError);
          assert.match(error.message, /HTTPS_PROXY must be the http or https URL of a proxy/);
          assert.ok(!error.message.includes(value));
          return true;
        },
      );
    });
  }
});
