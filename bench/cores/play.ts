// Plays threads that walk a tape together, as `walk` in src/engine/devices/cpu/tape.wasm.ts does.
import type { Call } from './measure.ts';

interface Costs {
  /** Milliseconds that a wait costs two threads. */
  readonly barrier: number;
  /** Bytes a millisecond that all cores together get from memory. */
  readonly bandwidth: number;
}

/** Milliseconds of a step on so many cores, and for how many of all cores' milliseconds each call was waited for. */
export function play(
  calls: readonly Call[],
  cores: number,
  { barrier, bandwidth }: Costs,
): { ms: number; idle: number[] } {
  const clocks = new Float64Array(cores);
  const idle = calls.map(() => 0);
  let done = 0; // when all pieces so far are
  let last = 0; // the call of the last of them
  for (const [i, { pieces, waits, bytes }] of calls.entries()) {
    const share = pieces.length / cores;
    const begun = done;
    if (waits && cores > 1) {
      done += (barrier * cores) / 2;
      idle[last]! += clocks.reduce((sum, clock) => sum + done - clock, 0);
      clocks.fill(done);
    }
    const next = new Int32Array(cores);
    for (let taken = 0; taken < pieces.length; taken++) {
      let thread = 0;
      for (let i = 1; i < cores; i++) if (clocks[i]! < clocks[thread]!) thread = i;
      let owner = thread;
      while (next[owner]! >= share) owner = (owner + 1) % cores;
      clocks[thread]! += pieces[owner * share + next[owner]!++]!;
      if (clocks[thread]! > done) [done, last] = [clocks[thread]!, i];
    }
    done = Math.max(done, begun + bytes / bandwidth);
  }
  idle[last]! += clocks.reduce((sum, clock) => sum + done - clock, 0);
  return { ms: done, idle };
}
