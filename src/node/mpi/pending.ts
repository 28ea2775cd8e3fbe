import type { PendingSums } from '../../language/train/buckets.ts';
import { type MpiLibrary, type NativeFunction, succeeded } from './library.ts';

/** Bytes that hold a request, or a status, in any library. */
const ENOUGH = 256;

/**
 * Sums are made piece by piece, so that what ranks pass on, 1/N of a piece at a time, is still in their caches: 1 MiB of
 * it. Two ranks add up 42 MB in 10 ms so, instead of 29 (Open MPI 4.1.4 in shared memory, 2 cores).
 */
const PASSED_ON = 2 ** 20;

/** Values in pieces for as many ranks. */
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

/** Calls a function on a thread of its own; `held` is what its addresses point to. */
type Call = (native: NativeFunction, held: readonly unknown[], ...args: unknown[]) => Promise<void>;

/** Sums over all ranks of which the library does a part whenever it is called: no thread of its own works on them. */
export class MpiPendingSums implements PendingSums {
  private readonly library: MpiLibrary;
  private readonly ranks: number;
  private readonly call: Call;
  private readonly functions: Readonly<Record<'start' | 'test' | 'wait', NativeFunction>>;
  /** In the order in which they have begun. */
  private readonly requests: Request[] = [];
  private readonly done = new Int32Array(1);
  private readonly status = new Uint8Array(ENOUGH);

  constructor(library: MpiLibrary, ranks: number, call: Call) {
    this.library = library;
    this.ranks = ranks;
    this.call = call;
    const { bind } = library;
    this.functions = {
      start: bind('int MPI_Iallreduce(intptr_t, uintptr_t, int, intptr_t, intptr_t, intptr_t, uintptr_t)'),
      test: bind('int MPI_Test(uintptr_t, uintptr_t, uintptr_t)'),
      wait: bind('int MPI_Wait(uintptr_t, uintptr_t)'),
    };
  }

  begin(values: Float32Array): void {
    const { handles, koffi } = this.library;
    const { inPlace, float, sum, world } = handles;
    for (const piece of piecesOf(values, this.ranks)) {
      const handle = new Uint8Array(ENOUGH);
      const [from, request] = [koffi.address(piece), koffi.address(handle)];
      succeeded(this.functions.start(inPlace, from, piece.length, float, sum, world, request));
      this.requests.push({ handle, values: piece });
    }
  }

  progress(): void {
    const { koffi } = this.library;
    const [done, status] = [koffi.address(this.done), koffi.address(this.status)];
    while (this.requests.length > 0) {
      succeeded(this.functions.test(koffi.address(this.requests[0]!.handle), done, status));
      if (this.done[0] === 0) return;
      this.requests.shift();
    }
  }

  async finish(): Promise<void> {
    const { koffi } = this.library;
    for (this.progress(); this.requests.length > 0; this.progress()) {
      const { handle, values } = this.requests.shift()!;
      const addresses = [koffi.address(handle), koffi.address(this.status)];
      await this.call(this.functions.wait, [handle, values], ...addresses);
    }
  }
}
