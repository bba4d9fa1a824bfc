import { formatCount } from "../../words/format.ts";
import { type DepartmentCounts, MOST_DEPARTMENTS } from "../facts/department-facts.ts";
import type { DepartmentMoves, Moves } from "../facts/department-moves.ts";
import type { Report } from "../facts/report.ts";
import { type Content, type Html, html, nameOf } from "../markup/html.ts";
import { table } from "../markup/table.ts";

/** How large each department is, and who came and went. */
export function departmentsSection({ facts, highlights }: Report): Html {
  const { departments } = facts;
  return html`<section aria-labelledby="departments">
<h2 id="departments">Departments</h2>
${
  departments
    ? departmentTable(departments, highlights?.departments)
    : html`<p class="empty">Not in this snapshot: it needs the property department.</p>`
}
</section>`;
}

const MOVES: readonly (readonly [keyof Moves, string])[] = [
  ["joined", "Joined"],
  ["left", "Left"],
  ["movedIn", "Moved in"],
  ["movedOut", "Moved out"],
];

function departmentTable(
  { largest, others, isCut, none }: DepartmentCounts,
  moves: DepartmentMoves | undefined,
): Html {
  const rows = largest.map(({ department, users }) =>
    row(nameOf(department), users, moves?.named.get(department)),
  );
  return html`${
    isCut
      ? html`<p>There are more than ${formatCount(MOST_DEPARTMENTS)}: one that comes late in the list may be larger than these.</p>
`
      : undefined
  }${table({
    labelledBy: "departments",
    columns: [
      { title: "Department" },
      { title: "Users", kind: "number" },
      ...MOVES.map(([, title]) => ({ title, kind: "number" as const })),
    ],
    rows: [
      ...rows,
      ...(others > 0 || isMoved(moves?.others) ? [row("All others", others, moves?.others)] : []),
      ...(none > 0 || isMoved(moves?.none) ? [row("Without a department", none, moves?.none)] : []),
    ],
  })}`;
}

function row(name: Content, users: number, moves: Readonly<Moves> | undefined): readonly Content[] {
  return [name, formatCount(users), ...MOVES.map(([kind]) => (moves ? formatCount(moves[kind]) : "–"))];
}

function isMoved(moves: Readonly<Moves> | undefined): boolean {
  return moves !== undefined && MOVES.some(([kind]) => moves[kind] > 0);
}
