import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  forTenant,
  readReaderSettings,
  readSettings,
  readTenantsSettings,
} from "../../src/settings/settings.ts";
import { errorOf, RIGHT, withSettings } from "./right-settings.ts";

const CONTOSO = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

function tenants(text: string) {
  return readTenantsSettings(withSettings({ ROLLCALL_TENANT_ID: undefined, ROLLCALL_TENANTS: text })).tenants;
}

describe("ROLLCALL_TENANTS", () => {
  it("has ids and domains separated by commas, in lower case", () => {
    assert.deepEqual(tenants(` ${CONTOSO.toUpperCase()}, Fabrikam.com ,\n`), {
      kind: "named",
      tenants: [CONTOSO, "fabrikam.com"],
      problems: [],
      repeats: [],
    });
  });

  it("tells of an entry that is wrong or there twice, without its text, and keeps the others", () => {
    assert.deepEqual(tenants("contoso.com,s3cret value,fabrikam.com,CONTOSO.com"), {
      kind: "named",
      tenants: ["contoso.com", "fabrikam.com"],
      problems: ["entry 2 is neither a directory id nor a domain"],
      repeats: ["entry 4 is contoso.com once more"],
    });
  });

  it("may name a blob", () => {
    assert.deepEqual(tenants("@tenants.json"), { kind: "blob", path: "tenants.json" });
    assert.deepEqual(tenants("@config/msp-1.json"), { kind: "blob", path: "config/msp-1.json" });
  });

  for (const text of ["@", "@tenants", "@../tenants.json", "@/tenants.json", "@a//b.json", "@a?sig=x.json"]) {
    it(`refuses ${text}`, () => {
      const changes = { ROLLCALL_TENANT_ID: undefined, ROLLCALL_TENANTS: text };
      const { problems } = errorOf(withSettings(changes), readTenantsSettings);
      assert.deepEqual(
        problems.map(({ name }) => name),
        ["ROLLCALL_TENANTS"],
      );
      assert.match(problems[0]?.problem ?? "", /path of a \.json blob/);
    });
  }

  for (const text of [",", "contoso", "a b, c"]) {
    it(`refuses a list without a tenant: ${text}`, () => {
      const changes = { ROLLCALL_TENANT_ID: undefined, ROLLCALL_TENANTS: text };
      for (const read of [readTenantsSettings, readSettings, readReaderSettings]) {
        const { problems } = errorOf(withSettings(changes), read);
        assert.deepEqual(
          problems.map(({ name }) => name),
          ["ROLLCALL_TENANTS"],
        );
        assert.match(problems[0]?.problem ?? "", /must name directory ids/);
      }
    });
  }

  it("excludes ROLLCALL_TENANT_ID", () => {
    for (const read of [readTenantsSettings, readSettings, readReaderSettings]) {
      const { problems } = errorOf(withSettings({ ROLLCALL_TENANTS: "contoso.com" }), read);
      assert.deepEqual(
        problems.map(({ name, problem }) => `${name} ${problem}`),
        ["ROLLCALL_TENANTS must not be set together with ROLLCALL_TENANT_ID"],
      );
    }
  });

  it("with one tenant is as good as ROLLCALL_TENANT_ID", () => {
    const settings = readSettings(withSettings({ ROLLCALL_TENANT_ID: undefined, ROLLCALL_TENANTS: CONTOSO }));
    assert.deepEqual(settings, readSettings(RIGHT));
  });

  it("with several tells what is about one to choose", () => {
    for (const text of ["contoso.com,fabrikam.com", "@tenants.json"]) {
      const several = withSettings({ ROLLCALL_TENANT_ID: undefined, ROLLCALL_TENANTS: text });
      const { problems } = errorOf(several);
      assert.deepEqual(
        problems.map(({ name }) => name),
        ["ROLLCALL_TENANTS"],
      );
      assert.match(problems[0]?.problem ?? "", /names several tenants.*--tenant/);
      assert.deepEqual(readSettings(forTenant(several, CONTOSO)), readSettings(RIGHT));
    }
  });

  it("absent leaves the one tenant, and both absent is told", () => {
    assert.deepEqual(readTenantsSettings(RIGHT).tenants, {
      kind: "named",
      tenants: [CONTOSO],
      problems: [],
      repeats: [],
    });
    const { problems } = errorOf(withSettings({ ROLLCALL_TENANT_ID: " " }), readTenantsSettings);
    assert.deepEqual(
      problems.map(({ problem }) => problem),
      ["is missing, and so is ROLLCALL_TENANTS"],
    );
  });
});
