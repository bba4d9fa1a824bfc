import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCondition } from "../../src/cli/condition.ts";
import { RowFilter } from "../../src/cli/row-filter.ts";

/** Whether a value meets a condition. */
function fits(text: string, value: unknown): boolean {
  const condition = parseCondition(text);
  assert.ok(condition, text);
  return condition.fits(JSON.stringify(value));
}

function assertFits(text: string, yes: readonly unknown[], no: readonly unknown[]): void {
  for (const value of yes) assert.ok(fits(text, value), `${JSON.stringify(value)} fits ${text}`);
  for (const value of no) assert.ok(!fits(text, value), `${JSON.stringify(value)} does not fit ${text}`);
}

describe("parseCondition", () => {
  it("names the property", () => {
    assert.equal(parseCondition("accountEnabled=false")?.property, "accountEnabled");
    assert.equal(parseCondition(" mail ~ x ")?.property, "mail");
    assert.equal(parseCondition("createdDateTime>=2026-01-01")?.property, "createdDateTime");
  });

  it("refuses what is no condition", () => {
    for (const text of ["", "accountEnabled", "=x", "a b=c", "!x", "1a=b"]) {
      assert.equal(parseCondition(text), undefined, text);
    }
  });

  it("compares with =", () => {
    assertFits("p=false", [false, "false"], [true, null, "False", 0, "", [true]]);
    assertFits("p=FALSE", [false], [true]);
    assertFits("p=null", [null], ["null", "", [], [null], false]);
    assertFits('p="null"', ["null"], [null]);
    assertFits('p="a \\"b\\""', ['a "b"'], ["a b"]);
    assertFits("p=Guest", ["Guest"], ["guest", "Guests", null]);
    assertFits("p=", [""], [null, " ", []]);
    assertFits("p=a=b", ["a=b"], ["a"]);
    assertFits("p=x", ["x", ["y", "x"]], [["y"], [], { p: "x" }]);
    assertFits("p=[]", [[]], [["x"], null]);
    assertFits("p=5", [5, "5"], [50, "05"]);
    assertFits("p=Zoë", ["Zoë"], ["Zoe"]);
  });

  it("compares with !=", () => {
    assertFits("p!=null", ["", "null", false, []], [null]);
    assertFits("p!=Guest", ["Member", null, []], ["Guest", ["Guest"]]);
  });

  it("looks for a part with ~", () => {
    assertFits(
      "p~CONTOSO",
      ["a@contoso.com", ["x", "b@Contoso.com"], { issuer: "contoso" }],
      ["x", null, []],
    );
    assertFits("p~null", ["nullable"], [null]);
    assertFits("p~", ["", "x"], [null, []]);
    assertFits("p~ü", ["MÜLLER"], ["MULLER"]);
  });

  it("compares instants with < and >", () => {
    const at = "2026-01-01T00:00:00Z";
    assertFits("p<2026-01-01", ["2025-12-31T23:59:59Z", "0001-01-01T00:00:00Z"], [at, null, "soon", ""]);
    assertFits("p<=2026-01-01", [at], ["2026-01-01T00:00:01Z", null]);
    assertFits("p>2026-01-01", ["2026-01-01T00:00:00.5Z"], [at, "2025-01-01T00:00:00Z", null]);
    assertFits("p>=2026-01-01T01:00:00+01:00", [at], ["2025-12-31T23:59:59Z"]);
  });

  it("compares numbers and texts with < and >", () => {
    assertFits("p>9", [10, 9.5], [9, -10, null, true, [10]]);
    assertFits("p<b", ["a", "B", ""], ["b", "c", null]);
  });
});

describe("RowFilter", () => {
  const lines = [
    '{"id":"1","userType":"Guest","accountEnabled":true}',
    '{"id":"2","userType":"Guest","accountEnabled":false}',
    '{"id":"3","userType":null,"accountEnabled":false}',
  ];

  function keep(...conditions: readonly string[]): readonly string[] {
    const parsed = conditions.flatMap((text) => parseCondition(text) ?? []);
    return new RowFilter(["id", "userType", "accountEnabled"], parsed).keep(lines);
  }

  it("keeps everybody without a condition", () => {
    assert.deepEqual(keep(), lines);
  });

  it("keeps who meets all of them, also several about one property", () => {
    assert.deepEqual(keep("accountEnabled=false"), lines.slice(1));
    assert.deepEqual(keep("accountEnabled=false", "userType=Guest"), [lines[1]]);
    assert.deepEqual(keep("userType!=null", "userType!=Member", "id>1"), [lines[1]]);
    assert.deepEqual(keep("userType=Member"), []);
  });

  it("compares integers of 64 bits exactly", () => {
    const meets = (text: string, json: string) => parseCondition(text)?.fits(json);
    assert.equal(meets("p>9007199254740992", "9007199254740993"), true);
    assert.equal(meets("p<=9007199254740992", "9007199254740993"), false);
    assert.equal(meets("p>=-9007199254740993", "-9007199254740993"), true);
    assert.equal(meets("p=9007199254740993", "[1,9007199254740993]"), true);
    assert.equal(meets("p=9007199254740992", "[1,9007199254740993]"), false);
    assert.equal(meets("p>1.5", "2"), true);
    assert.equal(meets("p>1", "true"), false);
  });
});
