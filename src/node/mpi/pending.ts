import { setImmediate as events } from 'node:timers/promises';
import type { NanobardError } from '../../engine/errors.ts';
import type { PendingSums } from '../../language/train/peers.ts';
import { type MpiLibrary, type NativeFunction, succeeded } from './library.ts';

/** Bytes that hold a request, or a status, in any library. */
const ENOUGH = 256;

/** How often it is looked whether those that are waited for still live. */
export const WATCH_MS = 500;

/**
 * Sums are made piece by piece, so that what ranks pass on, 1/N of a piece at a time, is still in their caches: 1 MiB of
 * it. Two ranks add up 42 MB in 10 ms so, instead of 29 (Open MPI 4.1.4 in shared memory, 2 cores).
 */
const PASSED_ON = 2 ** 20;

export function piecesOf<T extends Float32Array | Float64Array>(values: T, ranks: number): T[] {
  const most = (ranks * PASSED_ON) / values.BYTES_PER_ELEMENT;
  const count = Math.ceil(values.length / most);
  return Array.from({ length: count }, (_, i) => values.subarray(i * most, (i + 1) * most) as T);
}

/** A sum that has begun. */
interface Request {
  readonly handle: Uint8Array;
  /** What the library reads and writes until it is done. */
  readonly values: Float32Array;
}

/** Sums over all ranks of which the library does a part whenever it is called: no thread of its own works on them. */
export class MpiPendingSums implements PendingSums {
  private readonly library: MpiLibrary;
  private readonly ranks: number;
  private readonly lost: () => NanobardError | undefined;
  private readonly start: NativeFunction;
  private readonly test: NativeFunction;
  /** In the order in which they have begun, which is that in which they are done. */
  private readonly requests: Request[] = [];
  private readonly done = new Int32Array(1);
  private readonly status = new Uint8Array(ENOUGH);

  /** `lost` is asked while ranks wait: what to say if one has ended. */
  constructor(library: MpiLibrary, ranks: number, lost: () => NanobardError | undefined) {
    this.library = library;
    this.ranks = ranks;
    this.lost = lost;
    this.start = library.bind(
      'int MPI_Iallreduce(intptr_t, uintptr_t, int, intptr_t, intptr_t, intptr_t, uintptr_t)',
    );
    this.test = library.bind('int MPI_Test(uintptr_t, uintptr_t, uintptr_t)');
  }

  begin(values: Float32Array): void {
    const { handles, koffi } = this.library;
    const { inPlace, float, sum, world } = handles;
    for (const piece of piecesOf(values, this.ranks)) {
      const handle = new Uint8Array(ENOUGH);
      const [from, request] = [koffi.address(piece), koffi.address(handle)];
      succeeded(this.start(inPlace, from, piece.length, float, sum, world, request));
      this.requests.push({ handle, values: piece });
    }
  }

  look(): void {
    const { koffi } = this.library;
    const [done, status] = [koffi.address(this.done), koffi.address(this.status)];
    for (const { handle } of [...this.requests]) {
      succeeded(this.test(koffi.address(handle), done, status));
      if (this.done[0] === 0) return;
      this.requests.shift();
    }
  }

  async finish(): Promise<void> {
    let watched = performance.now();
    for (this.look(); this.requests.length > 0; this.look()) {
      await events(); // signals among them
      if (performance.now() < watched + WATCH_MS) continue;
      watched = performance.now();
      const error = this.lost();
      if (error) throw error;
    }
  }
}
