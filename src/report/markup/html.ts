/** Markup that is safe to write: only {@link html} makes it. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  /** The markup. */
  toString(): string {
    return this.#markup;
  }
}

/** What a template may hold: text, which is escaped; markup; a list of these; or nothing. */
export type Content = Html | string | number | undefined | readonly Content[];

/**
 * Markup from a template. Every text in it is escaped; nobody can forget to. A text may stand in an element or in a
 * quoted attribute, never in a script, a style or a URL.
 */
export function html(markup: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(String.raw({ raw: markup }, ...contents.map(write)));
}

/** A name from the directory, isolated so that it cannot reverse the text around it. */
export function nameOf(name: string): Html {
  return html`<bdi>${name}</bdi>`;
}

function write(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Html) return content.toString();
  if (typeof content === "object") return content.map(write).join("");
  return escapeText(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

function escapeText(text: string): string {
  return visible(text).replaceAll(/[&<>"'`]/g, (sign) => ENTITIES[sign] ?? "");
}

/** Makes visible: control characters, line breaks, marks that reverse the reading direction, and lone surrogates. */
function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Noncharacter_Code_Point}\u2028-\u202E\u2066-\u2069]/gu, "\uFFFD");
}
