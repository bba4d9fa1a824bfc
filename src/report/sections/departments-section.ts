import { formatCount } from "../../words/format.ts";
import type { DepartmentCounts } from "../facts/department-facts.ts";
import type { Moves } from "../facts/department-moves.ts";
import type { Report } from "../facts/report.ts";
import { type Html, html, nameOf } from "../markup/html.ts";
import { table } from "../markup/table.ts";

/** How large each department is, and who came and went. */
export function departmentsSection({ facts, highlights }: Report): Html {
  const { departments } = facts;
  return html`<section aria-labelledby="departments">
<h2 id="departments">Departments</h2>
${
  departments
    ? departmentTable(departments, highlights?.departments ?? undefined)
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
  { largest, others, none }: DepartmentCounts,
  moves: ReadonlyMap<string, Readonly<Moves>> | undefined,
): Html {
  const rest = [
    ...(others > 0 ? [["All others", formatCount(others)]] : []),
    ...(none > 0 ? [["Without a department", formatCount(none)]] : []),
  ];
  const unknown = MOVES.map(() => "–");
  return table({
    labelledBy: "departments",
    columns: [
      { title: "Department" },
      { title: "Users", kind: "number" },
      ...MOVES.map(([, title]) => ({ title, kind: "number" as const })),
    ],
    rows: [
      ...largest.map(({ department, users }) => [
        nameOf(department),
        formatCount(users),
        ...MOVES.map(([kind]) => (moves ? formatCount(moves.get(department)?.[kind] ?? 0) : "–")),
      ]),
      ...rest.map((cells) => [...cells, ...unknown]),
    ],
  });
}
