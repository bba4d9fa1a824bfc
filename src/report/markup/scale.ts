/** An axis: where it begins and ends, and its ticks. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  /** Round numbers from `min` to `max`, ascending, both included. */
  readonly ticks: readonly number[];
}

/** How many gaps between ticks to aim for. */
const GAPS = 3;

/**
 * An axis of round whole numbers around the counts. It begins at 0 only if they come near 0: else nobody could see the
 * change from 20,000 to 20,012 users.
 *
 * @param counts none of them counts as a single 0
 * @param fromZero whether it must begin at 0, as bars do
 */
export function scaleFor(counts: readonly number[], fromZero = false): Scale {
  const high = Math.max(0, ...counts);
  const low = fromZero ? 0 : Math.min(high, ...counts);
  // Equal counts stand in the middle of a narrow band.
  const spread = high > low ? high - low : Math.max(GAPS - 1, Math.ceil(high * 0.01));
  const step = roundUp(spread / GAPS);
  const margin = high === low && !fromZero ? step : 0;
  const min = Math.max(0, Math.floor((low - margin) / step) * step);
  const max = Math.max(min + step, Math.ceil((high + margin) / step) * step);
  const ticks = Array.from({ length: Math.round((max - min) / step) + 1 }, (_, at) => min + at * step);
  return { min, max, ticks };
}

/** Where a count stands, from 0 at the beginning of the axis to 1 at its end. */
export function placeOn({ min, max }: Scale, count: number): number {
  return (count - min) / (max - min);
}

/** The next of 1, 2, 5, 10, 20, 50, … */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return power * ([1, 2, 5].find((digit) => digit * power >= value) ?? 10);
}
