import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { forTerminal, printable } from "../../src/cli/terminal.ts";

/** Each of what could steer a terminal or turn a line around. */
const STEERING = [
  ..."\u0000\u0007\u0008\u000b\u001a\u007f\u0080\u009b\u009f",
  ..."\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029",
];

describe("a text on a terminal", () => {
  it("has nothing that could steer it, whatever it is", () => {
    for (const character of STEERING) {
      const name = `a${character}b`;
      assert.ok(!printable(name).includes(character), JSON.stringify(name));
      assert.ok(!forTerminal(name, "text").includes(character), JSON.stringify(name));
      assert.ok(!forTerminal(JSON.stringify({ name }), "json").includes(character), JSON.stringify(name));
    }
  });

  it("stays the same JSON where it is JSON", () => {
    const names = STEERING.map((character) => `a${character}b`);
    const json = `${JSON.stringify(names, null, 2)}\n`;
    assert.deepEqual(JSON.parse(forTerminal(json, "json")), names);
    assert.equal(forTerminal(json, "json").split("\n").length, json.split("\n").length);
  });

  it("keeps line breaks and tabs, and no carriage return that would overwrite its line", () => {
    assert.equal(forTerminal("a\tb\r\nc\n", "text"), "a\tb\r\nc\n");
    assert.equal(forTerminal("good\rbad", "text"), "good\uFFFDbad");
    assert.equal(printable("a\nb\tc"), "a\uFFFDb\uFFFDc");
  });

  it("keeps every other script, joiners of emoji included", () => {
    const text = "田中 é ﷽ 👨‍👩‍👧 ศักดิ์ עברית";
    assert.equal(printable(text), text);
    assert.equal(forTerminal(text, "text"), text);
  });
});
