import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSettings } from "../../src/settings/settings.ts";
import { assertRefused, withSettings } from "./right-settings.ts";

describe("ROLLCALL_TENANT_ID", () => {
  it("takes a directory id or a domain, in lower case", () => {
    for (const tenant of [
      "87D349ED-44D7-43E1-9A83-5F2406DEE5BD",
      "contoso.com",
      "a-b.Co.UK",
      "xn--bcher-kva.example",
    ]) {
      assert.equal(readSettings(withSettings({ ROLLCALL_TENANT_ID: tenant })).tenant, tenant.toLowerCase());
    }
  });

  it("refuses what is neither", () => {
    for (const tenant of [
      "common",
      "organizations",
      "87d349ed44d743e19a835f2406dee5bd",
      "contoso..com",
      "-contoso.com",
      "contoso.com/",
      "contoso.com/../evil",
      "https://contoso.com",
      "contoso.com?x=1",
      `${"a".repeat(64)}.com`,
    ]) {
      assertRefused({ ROLLCALL_TENANT_ID: tenant }, /^must be a directory id or a verified domain$/);
    }
  });
});

describe("ROLLCALL_CLIENT_ID", () => {
  it("refuses what is no GUID", () => {
    for (const id of ["rollcall", "6731de76", "{6731de76-14a6-49ae-97bc-6eba6914391e}"]) {
      assertRefused({ ROLLCALL_CLIENT_ID: id }, /^must be an application \(client\) id$/);
    }
  });
});

describe("ROLLCALL_CONTAINER", () => {
  it("takes what Azure takes", () => {
    for (const container of ["abc", "user-snapshots", "2026", "a".repeat(63)]) {
      assert.equal(readSettings(withSettings({ ROLLCALL_CONTAINER: container })).container, container);
    }
  });

  it("refuses what Azure refuses", () => {
    for (const container of [
      "ab",
      "a".repeat(64),
      "Users",
      "user--snapshots",
      "-users",
      "users-",
      "$root",
      "a/b",
    ]) {
      assertRefused({ ROLLCALL_CONTAINER: container }, /^must be 3 to 63 lower-case letters/);
    }
  });
});

describe("ROLLCALL_SCHEDULE", () => {
  it("takes six fields, also with names, lists, ranges and steps", () => {
    for (const schedule of [
      "0 0 2 * * *",
      "0 */5 * * * *",
      "0 0 2 * * MON-FRI",
      "0 0 2 1,15 JAN,jul *",
      "0 0-30/10 2-4 * * 0,6",
      "0 0 2 29 2 *",
    ]) {
      assert.equal(readSettings(withSettings({ ROLLCALL_SCHEDULE: schedule })).schedule, schedule);
    }
  });

  it("refuses another number of fields, values out of range, nicknames and days that never come", () => {
    for (const schedule of [
      "0 2 * * *",
      "0 0 2 * * * *",
      "60 0 2 * * *",
      "0 0 24 * * *",
      "0 0 2 0 * *",
      "0 0 2 32 * *",
      "0 0 2 * 13 *",
      "0 0 2 * * 8",
      "0 0 2 * * MONDAYS",
      "@daily",
      "24:00:00",
      "0 0 2 30 2 *",
      "0 0 2 ? * *",
      "0 0 2 * * 1#1",
    ]) {
      assertRefused({ ROLLCALL_SCHEDULE: schedule }, /^must be an NCRONTAB expression of six fields$/);
    }
  });

  // NCRONTAB knows no L and no W, and counts Sunday as 0 only (https://github.com/atifaziz/NCrontab).
  it("refuses what other kinds of cron know and the Functions host does not", () => {
    for (const schedule of ["0 0 2 L * *", "0 0 2 15W * *", "0 0 2 LW * *", "0 0 2 * * 5L", "0 0 2 * * 7"]) {
      assertRefused({ ROLLCALL_SCHEDULE: schedule }, /^must be an NCRONTAB expression of six fields$/);
    }
  });

  // `5/15` is every fifteenth from the fifth on; a name may be written out.
  it("takes what the Functions host knows and other kinds of cron do not", () => {
    for (const schedule of ["0 5/15 * * * *", "0 0 2 * * Monday", "0 0 2 1 january *"]) {
      assert.equal(readSettings(withSettings({ ROLLCALL_SCHEDULE: schedule })).schedule, schedule);
    }
  });
});

describe("ROLLCALL_PROPERTIES", () => {
  function propertiesOf(value: string): readonly string[] {
    return readSettings(withSettings({ ROLLCALL_PROPERTIES: value })).properties;
  }

  it("puts id first unless it is named", () => {
    assert.deepEqual(propertiesOf("mail,displayName"), ["id", "mail", "displayName"]);
    assert.deepEqual(propertiesOf("mail,id"), ["mail", "id"]);
    assert.deepEqual(propertiesOf("id"), ["id"]);
  });

  it("keeps the order, and of a repeated name the first", () => {
    assert.deepEqual(propertiesOf("mail , displayName,mail,id,displayName"), ["mail", "displayName", "id"]);
  });

  it("takes the names of extensions", () => {
    const extension = "extension_1234567890abcdef1234567890abcdef_costCentre";
    assert.deepEqual(propertiesOf(extension), ["id", extension]);
  });

  it("refuses what is no list of names", () => {
    for (const value of [
      "id,,mail",
      "id,",
      ",",
      "id;mail",
      "id mail",
      "id,mail&$filter=x",
      "manager/id",
      "1a",
    ]) {
      assertRefused({ ROLLCALL_PROPERTIES: value }, /^must be property names separated by commas$/);
    }
  });

  it("names the properties that no listing returns", () => {
    assertRefused(
      { ROLLCALL_PROPERTIES: "id,skills,mail,aboutMe" },
      /^asks for skills, aboutMe, which Graph returns for a single user only$/,
    );
  });
});

describe("settings with few words or numbers", () => {
  it("refuses ways of listing, formats and numbers that there are not", () => {
    for (const [name, value] of [
      ["ROLLCALL_LISTING", "parallel"],
      ["ROLLCALL_CONCURRENCY", "0"],
      ["ROLLCALL_CONCURRENCY", "65"],
      ["ROLLCALL_CONCURRENCY", "many"],
      ["ROLLCALL_FORMATS", "ndjson,xlsx"],
      ["ROLLCALL_CHANGES", "yes"],
      ["ROLLCALL_MAX_SHRINK_PERCENT", "101"],
      ["ROLLCALL_MAX_SHRINK_PERCENT", "-1"],
    ] as const) {
      assertRefused({ [name]: value }, /^(must|names)/);
    }
  });
});

describe("ROLLCALL_TIME_BUDGET_MINUTES", () => {
  it("takes more than nothing and up to a day", () => {
    for (const [value, expectedMs] of [
      ["0.01", 600],
      ["25", 1_500_000],
      ["1440", 86_400_000],
    ] as const) {
      assert.equal(
        readSettings(withSettings({ ROLLCALL_TIME_BUDGET_MINUTES: value })).timeBudgetMs,
        expectedMs,
      );
    }
  });

  it("refuses nothing and more than a day", () => {
    for (const value of ["0", "0.0", "1440.01", "9".repeat(400)]) {
      assertRefused(
        { ROLLCALL_TIME_BUDGET_MINUTES: value },
        /^must be more than 0 and at most 1440 minutes$/,
      );
    }
  });

  it("refuses what is no number", () => {
    for (const value of ["-1", "1e2", "25m", "NaN", "Infinity", "1,5", ".5", "0x10"]) {
      assertRefused({ ROLLCALL_TIME_BUDGET_MINUTES: value }, /^must be a number of minutes$/);
    }
  });
});

describe("ROLLCALL_KEEP", () => {
  const keepOf = (text: string) => readSettings(withSettings({ ROLLCALL_KEEP: text })).keep;

  it("takes rules in any order, and keeps all without any", () => {
    assert.deepEqual(keepOf("daily=30,monthly=12"), { daily: 30, monthly: 12 });
    assert.deepEqual(keepOf(" yearly = 9999 , last=1,weekly=8 "), { yearly: 9999, last: 1, weekly: 8 });
    for (const nothing of ["", "  "]) assert.equal(keepOf(nothing), undefined);
  });

  it("refuses numbers that keep nothing, or are none", () => {
    for (const text of [
      "daily=0",
      "daily=x",
      "daily=-1",
      "daily=1.5",
      "daily=",
      "daily",
      "daily=10000",
      "daily=1=2",
    ]) {
      assertRefused({ ROLLCALL_KEEP: text }, /^must give daily a whole number from 1 to 9999$/);
    }
  });

  it("refuses what is no rule, without repeating it", () => {
    for (const text of ["foo=3", "Daily=3", "30", "daily=30,", ",", "=3", "daily=30;monthly=12x=1"]) {
      const words = text.startsWith("daily=30;")
        ? /^must give daily/
        : /^must be made of rules that begin with last, daily,/;
      assertRefused({ ROLLCALL_KEEP: text }, words);
    }
  });

  it("refuses a rule that is there twice", () => {
    assertRefused({ ROLLCALL_KEEP: "daily=30,monthly=12,daily=30" }, /^has daily twice$/);
  });
});
