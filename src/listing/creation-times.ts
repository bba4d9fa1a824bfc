import type { Cuts } from "./slice.ts";

/** Four bytes a user: when each was created, so that the next run knows where to cut. */
export class CreationTimes {
  #seconds: Uint32Array;
  #size = 0;

  /** @param expected how many users will come, as far as known; more are fine, and cost a copy */
  constructor(expected = 0) {
    this.#seconds = new Uint32Array(Math.ceil(expected * 1.01) + 4096);
  }

  /** @param seconds since the epoch */
  add(seconds: number): void {
    if (this.#size === this.#seconds.length) {
      const grown = new Uint32Array(this.#size * 2);
      grown.set(this.#seconds);
      this.#seconds = grown;
    }
    this.#seconds[this.#size++] = seconds;
  }

  /**
   * Where to cut into slices of at most `users` users, but for seconds in which more were created at once.
   */
  cuts(users: number): Cuts {
    const sorted = this.#seconds.subarray(0, this.#size).sort();
    const starts: number[] = [];
    const counts: number[] = [];
    let begun = 0;
    for (let at = 0; at < sorted.length; ) {
      const second = sorted[at] ?? 0;
      let next = at + 1;
      while (next < sorted.length && sorted[next] === second) next++;
      if (next - begun > users && at > begun) {
        starts.push(second);
        counts.push(at - begun);
        begun = at;
      }
      at = next;
    }
    counts.push(sorted.length - begun);
    return { starts, users: counts };
  }
}
