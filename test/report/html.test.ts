import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { html, nameOf } from "../../src/report/markup/html.ts";

describe("html", () => {
  it("escapes every text, in elements and in quoted attributes", () => {
    const hostile = `"><img src=x onerror='alert(1)'>&\``;
    const escaped = "&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;&#96;";
    assert.equal(
      html`<p title="${hostile}">${hostile}</p>`.toString(),
      `<p title="${escaped}">${escaped}</p>`,
    );
  });

  it("writes markup that it made itself as it is, lists one after the other, and nothing for nothing", () => {
    const list = ["a<", html`<b>${1}</b>`, [undefined]];
    assert.equal(html`<p>${list}${undefined}</p>`.toString(), "<p>a&lt;<b>1</b></p>");
  });

  it("makes visible what breaks lines, steers, or turns the direction of reading", () => {
    assert.equal(
      html`${"a\nb\r\u0000\u001b\u202Ec\u2066\u2028\ud800"}`.toString(),
      "a\uFFFDb\uFFFD\uFFFD\uFFFD\uFFFDc\uFFFD\uFFFD\uFFFD",
    );
    assert.equal(html`${"שלום 🚀👩‍👩‍👧"}`.toString(), "שלום 🚀👩‍👩‍👧");
  });

  it("keeps a name to itself", () => {
    assert.equal(nameOf("<שלום>").toString(), "<bdi>&lt;שלום&gt;</bdi>");
  });
});
