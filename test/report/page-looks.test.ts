import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "puppeteer-core";
import { Snapshots } from "../../src/archive/snapshots.ts";
import { makeReport } from "../../src/report/make-report.ts";
import { renderPage } from "../../src/report/page.ts";
import { renderTenantsPage } from "../../src/report/tenants-page.ts";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { Container } from "../../src/storage/container.ts";
import type { TenantState } from "../../src/tenants/tenant-state.ts";
import { accessibilityFindings, CHROMIUM, hiddenThings, startBrowser } from "../support/browser.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";

const PHONE = 390;
const LAPTOP = 1280;
/** Its width without the usual margins, in CSS pixels. */
const A4 = 680;
const TABLE_HEAD = "table-header-group";

let storage: Storage;
let browser: Browser;
const pages = new Map<string, string>();

before(async () => {
  if (!CHROMIUM) return;
  storage = await startSharedStorage();
  browser = await startBrowser();
  await using rig = await startRig(storage, { users: 600 });
  rig.tenant.app.roles.add("AuditLog.Read.All");
  const first = await rig.run({ settings: { ROLLCALL_PROPERTIES: "displayName" } });
  pages.set("of a first run with one property", await pageOf(rig, first));
  const settings = { ROLLCALL_PROPERTIES: [...DEFAULT_PROPERTIES, "signInActivity"].join() };
  await rig.run({ settings });
  change(rig);
  const last = await rig.run({ settings });
  pages.set("of a night with changes", await pageOf(rig, last));
  pages.set("of all tenants", renderTenantsPage(tenants(), Date.now()));
});
after(async () => {
  await browser?.close();
  await storage?.[Symbol.asyncDispose]();
});

async function pageOf(rig: Rig, { tenantId, runId }: Manifest): Promise<string> {
  const { signal } = new AbortController();
  const snapshots = new Snapshots(new Container(rig.container, signal), tenantId, signal);
  return renderPage(await makeReport(snapshots, { run: runId, last: 14, nowMs: Date.now() }));
}

/** What does not fit of itself: long names, long addresses, long values, many licences. */
function change({ tenant: { directory } }: Rig): void {
  const ids = [...directory.ids()];
  for (const id of ids.slice(0, 30)) directory.remove(id);
  const [one = "", other = "", third = "", fourth = ""] = ids.slice(40);
  directory.update(one, {
    displayName: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    userPrincipalName:
      "maria-magdalena.von-und-zu-hohenlohe-schillingsfuerst@subsidiary.international.contoso.example",
    department: "W".repeat(64),
  });
  directory.update(other, {
    mail: "maximilian.featherstonehaugh-cholmondeley@mail.department.contoso.example",
    accountEnabled: false,
    jobTitle: "\u202Egnp.exe <script>alert(1)</script>",
    assignedLicenses: Array.from({ length: 9 }, (_, at) => ({
      skuId: `${at}0000000-1111-4222-8333-444444444444`,
      disabledPlans: [],
    })),
  });
  directory.update(third, { displayName: "A name of many words that are short ".repeat(7).slice(0, 256) });
  directory.update(fourth, {
    userType: "Guest",
    externalUserState: "PendingAcceptance",
    userPrincipalName: "wilhelmina.vandenbroucke_northwindtraders.example#EXT#@contoso.onmicrosoft.com",
  });
  for (let at = 0; at < 30; at++) directory.add({ department: `Department ${at}` });
  for (const id of ids.slice(50, 60)) directory.update(id, { department: "W".repeat(64) });
}

function tenants(): readonly TenantState[] {
  const latest = {
    runId: "20261130T020000Z",
    finishedAt: "2026-11-30T02:00:07Z",
    users: 1_234_567,
    verdict: "complete",
    joined: 1234,
    left: 567,
    changed: 89_012,
  } as const;
  const failure = {
    code: "graph-permission-missing",
    doing: "listing the users of tenant contoso.example",
    problem: "Graph answered 403",
    remedy:
      "Consent at https://login.microsoftonline.com/d34ea343-223e-47bd-a4d9-0ba7328ca088/adminconsent?client_id=1.",
  };
  const lastRun = {
    outcome: "failed",
    runId: null,
    startedAt: "2026-11-30T02:00:00Z",
    finishedAt: "2026-11-30T02:00:03Z",
    failure,
  } as const;
  const base = { tenantId: null, ageMs: 4e7, latest, lastRun: null, problem: null, name: null };
  return [
    { ...base, tenant: "d34ea343-223e-47bd-a4d9-0ba7328ca088", standing: "fresh" },
    {
      ...base,
      tenant: "a",
      name: "Contoso International Holding and Subsidiaries Limited",
      standing: "stale",
    },
    {
      ...base,
      tenant: "subsidiary.department.international.contoso.onmicrosoft.com",
      standing: "missing",
      ageMs: null,
      latest: null,
      lastRun,
    },
    { ...base, tenant: "b.example", standing: "unknown", ageMs: null, latest: null, problem: failure },
  ];
}

async function open(page: string, width: number, scheme: "light" | "dark" = "light"): Promise<Page> {
  const tab = await browser.newPage();
  await tab.setViewport({ width, height: 800 });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await tab.setContent(page);
  return tab;
}

describe("the pages in a browser", { skip: CHROMIUM ? false : "there is no Chromium here" }, () => {
  for (const scheme of ["light", "dark"] as const) {
    for (const width of [LAPTOP, PHONE]) {
      it(`give axe-core nothing to find, ${scheme}, ${width} px wide`, async () => {
        assert.equal(pages.size, 3);
        for (const [name, page] of pages) {
          const tab = await open(page, width, scheme);
          assert.deepEqual(await accessibilityFindings(tab), [], name);
          await tab.close();
        }
      });
    }
  }

  for (const width of [320, PHONE, 860, 861, 960, 961, LAPTOP]) {
    it(`hide and cut nothing, and break no address within a word, ${width} px wide`, async () => {
      for (const [name, page] of pages) {
        const tab = await open(page, width);
        assert.deepEqual(await hiddenThings(tab), [], name);
        await tab.close();
      }
    });
  }

  it("hide and cut nothing on paper, where tables stay tables", async () => {
    for (const [name, page] of pages) {
      const tab = await open(page, A4);
      await tab.emulateMediaType("print");
      assert.deepEqual(await hiddenThings(tab), [], name);
      assert.equal(
        await tab.evaluate("getComputedStyle(document.querySelector('thead')).display"),
        TABLE_HEAD,
      );
      await tab.close();
    }
  });

  it("have letters as large as the reader's, and then room for them", async () => {
    const [, page = ""] = pages.values();
    await using large = await startBrowser("--blink-settings=defaultFontSize=32");
    const tab = await large.newPage();
    await tab.setViewport({ width: LAPTOP, height: 800 });
    await tab.setContent(page);
    assert.equal(await tab.evaluate("getComputedStyle(document.body).fontSize"), "32px");
    assert.deepEqual(await hiddenThings(tab), []);
  });

  it("have the colours of the reader's choice", async () => {
    const [page = ""] = pages.values();
    const paper = async (scheme: "light" | "dark") => {
      const tab = await open(page, LAPTOP, scheme);
      return String(await tab.evaluate("getComputedStyle(document.body).backgroundColor"));
    };
    assert.equal(await paper("light"), "rgb(255, 255, 255)");
    assert.notEqual(await paper("dark"), "rgb(255, 255, 255)");
  });

  it("are watched by checks that find what is wrong", async () => {
    const tab = await open(
      `<!doctype html><html lang="en"><title>x</title><main><h1>x</h1><p style="color:#999">pale</p>
<div style="width:100px;overflow:auto"><p style="width:600px">wide</p></div>
<p style="width:60px;overflow-wrap:anywhere"><bdi class="address">somebody.with.a.long.name</bdi></p></main>`,
      PHONE,
    );
    const findings = await accessibilityFindings(tab);
    assert.ok(
      findings.some((finding) => finding.startsWith("color-contrast: ")),
      findings.join("\n"),
    );
    const hidden = (await hiddenThings(tab)).join("\n");
    for (const kind of ["scrolls or cuts", "stands out", "too wide", "broken within a word"]) {
      assert.ok(hidden.includes(kind), `${kind} in ${hidden}`);
    }
  });
});
