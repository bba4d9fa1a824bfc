import { type Content, type Html, html } from "./html.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /**
   * `number` is aligned to the right; `long` may take several lines, and on a narrow screen all of its width; `drawing`
   * only repeats what stands beside it.
   */
  readonly kind?: "number" | "long" | "drawing";
}

/** What a table shows. */
export interface Table {
  /** Absent where a heading says it. */
  readonly caption?: Content;
  /** Id of that heading. */
  readonly labelledBy?: string;
  readonly columns: readonly Column[];
  /** A cell for each column; the first names the row. */
  readonly rows: readonly (readonly Content[])[];
  /** Sums. */
  readonly foot?: readonly Content[];
  /** Of the table. */
  readonly style?: "people" | "shares";
}

/**
 * A table whose rows become blocks on a narrow screen, each cell after its column's title, so that nothing is cut off and
 * nothing has to be scrolled aside. The roles are written out because browsers take a table that is laid out so for none.
 */
export function table({ caption, labelledBy, columns, rows, foot, style }: Table): Html {
  const label = labelledBy === undefined ? undefined : html` aria-labelledby="${labelledBy}"`;
  return html`<table role="table"${label} class="${style ?? "plain"}">
${caption === undefined ? undefined : html`<caption>${caption}</caption>`}
<thead role="rowgroup"><tr role="row">${columns.map(({ title, kind }) =>
    kind === "drawing"
      ? html`<th aria-hidden="true" class="drawing"></th>`
      : html`<th role="columnheader" scope="col" class="${kind ?? "short"}">${title}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows.map((cells) => row(columns, cells))}</tbody>${foot && html`<tfoot role="rowgroup">${row(columns, foot)}</tfoot>`}
</table>`;
}

function row(columns: readonly Column[], cells: readonly Content[]): Html {
  return html`<tr role="row">${columns.map(({ title, kind }, at) => {
    const cell = cells[at];
    if (at === 0) return html`<th role="rowheader" scope="row">${cell}</th>`;
    if (kind === "drawing") return html`<td aria-hidden="true" class="drawing">${cell}</td>`;
    return html`<td role="cell" class="${kind ?? "short"}" data-title="${title}">${cell}</td>`;
  })}</tr>
`;
}
