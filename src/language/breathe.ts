/** Longest time without a look at timers, signals and sockets, in milliseconds. */
const HOLD = 10;

/**
 * Returns a function to await between pieces of work: now and then, when the event loop has not turned for
 * `HOLD` milliseconds, it lets it turn.
 */
export function breather(): () => Promise<void> | undefined {
  let last = performance.now();
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        last = performance.now();
        resolve();
      };
      if (typeof setImmediate === 'function') setImmediate(done);
      else setTimeout(done);
    });
  return () => (performance.now() - last < HOLD ? undefined : turn());
}
