import type { Account } from "../facts/account.ts";
import { type Html, html, nameOf } from "../markup/html.ts";

/** Where an address may go on in the next line: after a sign that parts its words, and before the mark of a guest. */
const BREAKS = /(?<=[\s@._\-/?&=,;:+%])|(?=#EXT#)/;

/**
 * An address (of a person, a key, a page) that breaks between its words only, isolated like {@link nameOf}'s. The title has
 * it in one piece, for whoever searches the page's source.
 */
export function addressOf(address: string): Html {
  const words = address.split(BREAKS);
  return html`<bdi class="address" title="${address}">${words.map((word, at) => (at === 0 ? word : html`<wbr>${word}`))}</bdi>`;
}

/** What an account is called. */
export function displayNameOf({ displayName }: Account): Html | string {
  return displayName ? nameOf(displayName) : "–";
}

/** Where an account is found in the directory. */
export function accountAddress({ id, userPrincipalName }: Account): Html {
  return addressOf(userPrincipalName ?? id);
}
