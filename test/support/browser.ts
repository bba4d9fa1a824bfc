import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

/** Where Debian, Ubuntu, Fedora and Chrome's own packages put it. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const { CHROMIUM: chosen } = process.env;

/** Chromium on this machine, or what `CHROMIUM` names; `undefined` where there is none. */
export const CHROMIUM: string | undefined = (chosen === undefined ? PLACES : [chosen]).find((file) =>
  existsSync(file),
);

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Starts it without a window. In a container, it can have no sandbox of its own and little shared memory; it opens our own
 * pages only.
 */
export function startBrowser(...args: readonly string[]): Promise<Browser> {
  return puppeteer.launch({
    executablePath: CHROMIUM ?? "",
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...args],
  });
}

/** What axe-core finds in a page, with all of its rules, those of WCAG's level AAA included: the rule, and the elements. */
export async function accessibilityFindings(tab: Page): Promise<readonly string[]> {
  await tab.evaluate(AXE);
  return (await tab.evaluate(`axe.run(document, {
    rules: Object.fromEntries(axe.getRules().map(({ ruleId }) => [ruleId, { enabled: true }])),
    resultTypes: ["violations"],
  }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html.slice(0, 200))))`)) as string[];
}

/**
 * What a reader cannot see of a page without moving it about: boxes that scroll or cut, elements that stand out of the
 * window, and addresses that are broken within a word.
 */
export async function hiddenThings(tab: Page): Promise<readonly string[]> {
  return (await tab.evaluate(`(() => {
    const found = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push("the page is " + scrollWidth + " wide");
    for (const element of document.body.querySelectorAll("*")) {
      if (!(element instanceof HTMLElement) || element.matches(".skip, [aria-hidden] *")) continue;
      const name = element.tagName + "." + element.className + ": " + element.textContent.slice(0, 80);
      const { overflowX, overflowY } = getComputedStyle(element);
      if (overflowX !== "visible" || overflowY !== "visible") found.push("scrolls or cuts: " + name);
      const { left, right } = element.getBoundingClientRect();
      if (right > clientWidth + 0.5 || left < -0.5) found.push("stands out: " + name);
      if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1) found.push("too wide: " + name);
    }
    for (const address of document.querySelectorAll(".address")) {
      const texts = document.createTreeWalker(address, NodeFilter.SHOW_TEXT);
      for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(text);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (lines.size > 1) found.push("broken within a word: " + address.textContent);
      }
    }
    return found;
  })()`)) as string[];
}
