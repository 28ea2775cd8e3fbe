/** How values are distributed: counts over bins of equal width from −`limit` to `limit`. */
export interface Histogram {
  readonly limit: number;
  readonly counts: readonly number[];
  /** Root of the mean square. */
  readonly rms: number;
}

/** Values that are looked at, at most, at equal distances: of tables with millions that is enough. */
const MOST_VALUES = 100_000;

/** The histogram of some values; those beyond four times their root mean square lie in the outermost bins. */
export function histogram(values: ArrayLike<number>, bins = 41): Histogram {
  const stride = Math.max(1, Math.floor(values.length / MOST_VALUES));
  let [squares, looked] = [0, 0];
  for (let i = 0; i < values.length; i += stride, looked++) squares += values[i]! ** 2;
  const rms = Math.sqrt(squares / Math.max(1, looked));
  const limit = 4 * rms;
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i += stride) {
    const place = limit > 0 ? Math.floor(((values[i]! / limit + 1) / 2) * bins) : bins >> 1;
    counts[Math.min(bins - 1, Math.max(0, place))]!++;
  }
  return { limit, counts, rms };
}
