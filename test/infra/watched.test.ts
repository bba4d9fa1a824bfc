import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { at, type Properties, Snapshot, type VARIANTS } from "./snapshots.ts";

const ROOT = new URL("../../", import.meta.url);
const RULES = "Microsoft.Insights/scheduledQueryRules";

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), "utf8");
}

/** The fields of the summary line, as docs/operate.md lists them (test/docs.test.ts holds that list to the code). */
const [, afterHeading = ""] = read("docs/operate.md").split("\n## The summary line\n");
const [summarySection = ""] = afterHeading.split("\n## ");
const summaryFields = new Set(
  [...summarySection.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
  ),
);

/** The fields that a query takes out of the summary line: `run.users`, or `parse_json(message).users`. */
function fieldsOf(query: string): readonly string[] {
  return [...query.matchAll(/(?:\brun|parse_json\(message\))\.(\w+)/g)].map(([, name = ""]) => name);
}

/** What a rule asks, and its only condition. */
function ruleOf(name: string, variant: (typeof VARIANTS)[number] = "basic") {
  const { properties } = new Snapshot(variant).one(RULES, name);
  const [condition, ...more] = at(properties, "criteria.allOf") as readonly Properties[];
  assert.ok(condition);
  assert.deepEqual(more, []);
  return { properties, condition };
}

/** An ISO 8601 duration of days, hours or minutes, in minutes. */
function minutes(duration: unknown): number {
  const [, amount = "", unit = ""] = /^P(?:T)?(\d+)([DHM])$/.exec(String(duration)) ?? [];
  return Number(amount) * ({ D: 1440, H: 60, M: 1 }[unit] ?? Number.NaN);
}

describe("the workbook", () => {
  const workbook = JSON.parse(read("infra/workbook.json")) as {
    readonly items: readonly { readonly name: string; readonly content: { readonly query?: string } }[];
    readonly fallbackResourceIds: readonly string[];
  };
  const queries = workbook.items.flatMap(({ content }) => content.query ?? []);

  it("asks for fields of the summary line only", () => {
    assert.ok(summaryFields.size > 20);
    assert.equal(queries.length, 8);
    for (const query of queries) {
      assert.ok(fieldsOf(query).length > 0, query);
      for (const field of fieldsOf(query)) assert.ok(summaryFields.has(field), `${field} in ${query}`);
    }
  });

  it("shows what people look for", () => {
    const shown = queries.flatMap(fieldsOf);
    for (const field of [
      ...["users", "counted", "joined", "left", "changed", "ms", "throttled", "retries", "code"],
      ...["credentialExpiresOn", "warnings", "outcome", "verdict"],
    ])
      assert.ok(shown.includes(field), field);
  });

  it("is deployed as it is, for the component of the same deployment", () => {
    const snapshot = new Snapshot("basic");
    const { name, properties, kind } = snapshot.one("Microsoft.Insights/workbooks");
    const component = snapshot.one("Microsoft.Insights/components");
    assert.match(name, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(kind, "shared");
    assert.equal(properties.sourceId, component.id);
    const deployed = JSON.parse(String(properties.serializedData));
    assert.deepEqual(deployed, { ...workbook, fallbackResourceIds: [component.id] });
  });
});

describe("the queries of alerts", () => {
  const files = readdirSync(new URL("infra/queries", ROOT));

  it("are those that docs/operate.md shows", () => {
    const shown = [...read("docs/operate.md").matchAll(/^```kusto\n([\s\S]*?)^```$/gm)].map(
      ([, query = ""]) => query,
    );
    assert.deepEqual(shown.sort(), files.map((file) => read(`infra/queries/${file}`)).sort());
  });

  it("are those that are deployed, each in one rule", () => {
    const deployed = new Snapshot("basic")
      .all(RULES)
      .map(({ properties }) => at(properties, "criteria.allOf.0.query"));
    assert.deepEqual([...deployed].sort(), files.map((file) => read(`infra/queries/${file}`)).sort());
  });

  it("ask for fields of the summary line only, and use nothing that a rule refuses", () => {
    for (const file of files) {
      const query = read(`infra/queries/${file}`);
      assert.ok(fieldsOf(query).length > 0, file);
      for (const field of fieldsOf(query)) assert.ok(summaryFields.has(field), `${field} in ${file}`);
      assert.doesNotMatch(query, /bag_unpack|\bpivot\b|\bnarrow\b|AggregatedValue/);
    }
  });
});

describe("each alert rule", () => {
  it("keeps to what the service allows", () => {
    const frequencies = "PT1M PT5M PT10M PT15M PT30M PT45M PT1H PT2H PT3H PT4H PT5H PT6H P1D".split(" ");
    for (const { properties, name, kind } of new Snapshot("basic").all(RULES)) {
      assert.equal(kind, "LogAlert");
      assert.equal(properties.enabled, true);
      assert.ok(frequencies.includes(String(properties.evaluationFrequency)), name);
      assert.ok(minutes(properties.evaluationFrequency) <= minutes(properties.windowSize), name);
      assert.ok(minutes(properties.windowSize) <= 2880, name);
      assert.deepEqual(at(properties, "criteria.allOf.0.failingPeriods"), {
        numberOfEvaluationPeriods: 1,
        minFailingPeriodsToAlert: 1,
      });
      if (properties.autoMitigate === true) {
        assert.ok(minutes(properties.evaluationFrequency) <= 720, name);
        assert.equal(properties.muteActionsDuration, undefined, name);
      } else if (properties.muteActionsDuration !== undefined) {
        assert.ok(minutes(properties.muteActionsDuration) >= minutes(properties.evaluationFrequency), name);
      }
    }
  });

  it("reads one component, with an identity of its own, before the first line was ever logged", () => {
    const snapshot = new Snapshot("basic");
    const component = snapshot.one("Microsoft.Insights/components");
    const reader = snapshot.one("Microsoft.ManagedIdentity/userAssignedIdentities", "-alerts");
    for (const { properties, identity } of snapshot.all(RULES)) {
      assert.deepEqual(properties.scopes, [component.id]);
      assert.equal(properties.skipQueryValidation, true);
      assert.deepEqual(identity, { type: "UserAssigned", userAssignedIdentities: { [reader.id]: {} } });
    }
  });
});

describe("the alert for a missing night", () => {
  it("looks back as far as its query does, each hour, and resolves itself", () => {
    const { properties, condition } = ruleOf("night-missing");
    const [, hours = ""] = /ago\((\d+)h\)/.exec(String(condition.query)) ?? [];
    assert.ok(minutes(properties.overrideQueryTimeRange) >= Number(hours) * 60);
    assert.ok(minutes(properties.overrideQueryTimeRange) >= minutes(properties.windowSize));
    assert.equal(properties.evaluationFrequency, "PT1H");
    assert.equal(properties.autoMitigate, true);
    assert.equal(properties.severity, 1);
  });

  it("fires on silence too: its query ends in a row where there is no log at all", () => {
    const { condition } = ruleOf("night-missing");
    assert.match(
      String(condition.query),
      /\| summarize committed = countif\((?!.*\bby\b).*\n\| where committed == 0\n$/,
    );
    assert.deepEqual(
      [condition.timeAggregation, condition.operator, condition.threshold],
      ["Count", "GreaterThan", 0],
    );
    assert.equal(condition.dimensions, undefined);
  });
});

describe("the alerts for failures and warnings", () => {
  it("tell each code and each warning apart, by a column that their query has", () => {
    for (const [name, column] of [
      ["run-failed", "code"],
      ["run-warned", "warning"],
    ] as const) {
      const { condition, properties } = ruleOf(name);
      assert.deepEqual(condition.dimensions, [{ name: column, operator: "Include", values: ["*"] }]);
      assert.match(String(condition.query), new RegExp(`\\b${column} = tostring\\(`));
      assert.equal(properties.autoMitigate, false);
      assert.doesNotMatch(String(condition.query), /ago\(/, "the rule's window says how far back");
    }
  });

  it("tell a failure once, not for each retry, and again the next night at the same hour", () => {
    const mutes = new Snapshot("basic").all(RULES).map(({ properties }) => properties.muteActionsDuration);
    assert.deepEqual(mutes, [undefined, "PT6H", undefined]);
  });
});

describe("the action group", () => {
  const groupOf = (variant: (typeof VARIANTS)[number]) =>
    new Snapshot(variant).one("Microsoft.Insights/actionGroups");

  it("sends mail, and posts to a webhook where there is one, in the common alert schema", () => {
    const { properties, location } = groupOf("federated");
    assert.equal(location, "global");
    assert.ok(String(properties.groupShortName).length <= 12);
    assert.deepEqual(properties.emailReceivers, [
      { name: "mail", emailAddress: "oncall@contoso.com", useCommonAlertSchema: true },
    ]);
    assert.deepEqual(properties.webhookReceivers, []);
    // A webhook's URL is a secret, so nothing that depends on it is evaluated.
    const webhook = String(groupOf("full").properties.webhookReceivers);
    assert.match(webhook, /'name', 'webhook'.*'useCommonAlertSchema', true\(\)/);
    assert.match(webhook, /parameters\('alertWebhookUrl'\)/);
    assert.doesNotMatch(webhook, /hooks\.contoso\.com/);
  });

  it("is told by every rule, and is not made for nobody", () => {
    const snapshot = new Snapshot("federated");
    const group = groupOf("federated");
    for (const { properties } of snapshot.all(RULES))
      assert.deepEqual(at(properties, "actions.actionGroups"), [group.id]);
    const basic = new Snapshot("basic");
    assert.deepEqual(basic.all("Microsoft.Insights/actionGroups"), []);
    assert.equal(basic.all(RULES).length, 3);
  });
});
