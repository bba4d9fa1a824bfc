import type { ChangeRecord } from "../../changes/change.ts";

/** Who came and who went. */
export interface Moves {
  joined: number;
  left: number;
  /** From another department, or from none. */
  movedIn: number;
  movedOut: number;
}

/** Moves by department. */
export interface DepartmentMoves {
  /** Of the departments that are named, in the directory's spelling. */
  readonly named: ReadonlyMap<string, Readonly<Moves>>;
  /** Of all other departments; who moved from one of them to another is in {@link Moves.movedIn} and in `movedOut`. */
  readonly others: Readonly<Moves>;
  /** Of users who have no department, or had none. */
  readonly none: Readonly<Moves>;
}

/** Counts by department who joined, left and moved. */
export class MoveTally {
  readonly #named: ReadonlyMap<string, Moves>;
  readonly #others = noMoves();
  readonly #none = noMoves();

  /** @param departments the ones that are named */
  constructor(departments: readonly string[]) {
    this.#named = new Map(departments.map((department) => [department, noMoves()]));
  }

  /** Adds a change. */
  add({ change, before, after }: ChangeRecord): void {
    if (change === "joined") this.#of(after?.department).joined++;
    else if (change === "left") this.#of(before?.department).left++;
    else if (after && "department" in after) {
      this.#of(before?.department).movedOut++;
      this.#of(after.department).movedIn++;
    }
  }

  /** What was counted. */
  get moves(): DepartmentMoves {
    return { named: this.#named, others: this.#others, none: this.#none };
  }

  #of(department: unknown): Moves {
    if (typeof department !== "string" || department === "") return this.#none;
    return this.#named.get(department) ?? this.#others;
  }
}

function noMoves(): Moves {
  return { joined: 0, left: 0, movedIn: 0, movedOut: 0 };
}
