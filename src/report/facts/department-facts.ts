import { ownText } from "../../rows/json-text.ts";

/** How many departments are told apart. Anybody may write anything there, and memory has an end. */
export const MOST_DEPARTMENTS = 10_000;
/** Longer names are not told apart, likewise; Graph takes 64 characters. */
const LONGEST_NAME = 256;
/** How many are named. */
const NAMED = 20;

/** Users by department. */
export interface DepartmentCounts {
  /** The largest departments, the largest first; at most 20. */
  readonly largest: readonly { readonly department: string; readonly users: number }[];
  /** Users of all other departments. */
  readonly others: number;
  /** Whether there were more departments than are told apart, so that a larger one may be among the others. */
  readonly isCut: boolean;
  /** Users without one. */
  readonly none: number;
}

/** Counts users by department. */
export class DepartmentTally {
  readonly #users = new Map<string, number>();
  #beyond = 0;
  #none = 0;

  /** @param department of a user; absent or empty where there is none */
  add(department: string | undefined): void {
    if (!department) {
      this.#none++;
      return;
    }
    const users = this.#users.get(department);
    if (users !== undefined) this.#users.set(department, users + 1);
    else if (this.#users.size < MOST_DEPARTMENTS && department.length <= LONGEST_NAME)
      this.#users.set(ownText(department), 1);
    else this.#beyond++;
  }

  /** What was counted. */
  facts(): DepartmentCounts {
    const departments = [...this.#users]
      .map(([department, users]) => ({ department, users }))
      .sort((one, other) => other.users - one.users || (one.department < other.department ? -1 : 1));
    const others = departments.slice(NAMED).reduce((sum, { users }) => sum + users, this.#beyond);
    const isCut = this.#beyond > 0 && departments.length === MOST_DEPARTMENTS;
    return { largest: departments.slice(0, NAMED), others, isCut, none: this.#none };
  }
}
