import type { Cuts } from "./slice.ts";

/** When each user was created, so that the next run knows where to cut. Four bytes a user. */
export class CreationTimes {
  #seconds: Uint32Array;
  #size = 0;

  /** @param expected expected number of users; more are fine, but cost a copy */
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

  /** Where to cut into slices of at most `users` users; more only where they were created in the same second. */
  cuts(users: number): Cuts {
    const sorted = this.#seconds.subarray(0, this.#size).sort();
    const starts: number[] = [];
    const counts: number[] = [];
    let sliceStart = 0;
    for (let at = 0; at < sorted.length; ) {
      const second = sorted[at] ?? 0;
      let next = at + 1;
      while (next < sorted.length && sorted[next] === second) next++;
      if (next - sliceStart > users && at > sliceStart) {
        starts.push(second);
        counts.push(at - sliceStart);
        sliceStart = at;
      }
      at = next;
    }
    counts.push(sorted.length - sliceStart);
    return { starts, users: counts };
  }
}
