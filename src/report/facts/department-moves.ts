import type { ChangeRecord } from "../../changes/change.ts";

/** How many departments are told apart, as for their users. */
const MOST = 10_000;

/** Who came to a department and who went. */
export interface Moves {
  joined: number;
  left: number;
  /** From another department, or from none. */
  movedIn: number;
  movedOut: number;
}

/** By department, in the directory's spelling. */
export type DepartmentMoves = ReadonlyMap<string, Readonly<Moves>>;

/** Counts by department who joined, left and moved. */
export class MoveTally {
  readonly #moves = new Map<string, Moves>();

  /** Adds a change. */
  add({ change, before, after }: ChangeRecord): void {
    if (change === "joined") this.#count(after?.department, "joined");
    else if (change === "left") this.#count(before?.department, "left");
    else if (after && "department" in after) {
      this.#count(before?.department, "movedOut");
      this.#count(after.department, "movedIn");
    }
  }

  /** What was counted. */
  get moves(): DepartmentMoves {
    return this.#moves;
  }

  #count(department: unknown, kind: keyof Moves): void {
    if (typeof department !== "string" || department === "") return;
    const known = this.#moves.get(department);
    if (known === undefined && this.#moves.size === MOST) return;
    const moves = known ?? { joined: 0, left: 0, movedIn: 0, movedOut: 0 };
    moves[kind]++;
    this.#moves.set(department, moves);
  }
}
