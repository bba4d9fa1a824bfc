import { type Content, Html, html } from "./html.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** Nothing loads and nothing runs, whatever may have got into the page. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** In every page, by which one is told from somebody's own file. */
export const GENERATOR: Html = new Html('<meta name="generator" content="rollcall">');

/**
 * A self-contained HTML document.
 *
 * @param title for the browser's tab
 * @param skip what a reader without a mouse may skip to: the element with the id `content`
 * @param page what is in it
 */
export function renderDocument(title: Content, skip: string, page: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
${GENERATOR}
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#content">${skip}</a>
<div class="page">
${page}
</div>
</body>
</html>
`.toString();
}
