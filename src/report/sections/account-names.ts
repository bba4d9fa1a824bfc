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

/** No word of more signs has room in a line of a phone. */
const LONGEST_WORD = 28;

/** A sentence, in which long words such as addresses break as {@link addressOf}'s do. */
export function sentence(text: string): Html {
  const words = text.split(/( +)/);
  return html`${words.map((word) => (word.length > LONGEST_WORD ? addressOf(word) : word))}`;
}

/** What an account is called. */
export function displayNameOf({ displayName }: Account): Html | string {
  return displayName ? nameOf(displayName) : "–";
}

/** Where an account is found in the directory. */
export function accountAddress({ id, userPrincipalName }: Account): Html {
  return addressOf(userPrincipalName ?? id);
}
