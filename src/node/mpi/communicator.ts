import { hostname } from 'node:os';
import process from 'node:process';
import type { Device, Executable } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import type { TypedArray } from '../../engine/tensor/dtype.ts';
import type { Variable } from '../../engine/tensor/tensor.ts';
import { overlapInBuckets } from '../../language/train/buckets.ts';
import type { OverlappedSums, Peers } from '../../language/train/peers.ts';
import type { Launched } from './launched.ts';
import { type MpiLibrary, type NativeFunction, succeeded } from './library.ts';
import { MpiPendingSums, piecesOf } from './pending.ts';

/** The largest message of a broadcast in bytes: counts are C's int. */
const LARGEST = 2 ** 30;

/** How often it is looked whether those that are waited for still live. */
const WATCH_MS = 500;

/** A process of the job. */
export interface Member {
  readonly host: string;
  readonly pid: number;
}

/** All processes of a job, as MPI connects them. One for each process, from its start to its end. */
export class Communicator implements Peers {
  readonly rank: number;
  readonly size: number;
  readonly library: MpiLibrary;
  /** What the library calls itself: its first line. */
  readonly version: string;
  /** By rank. */
  readonly members: readonly Member[] = [];
  private readonly functions: Readonly<Record<'allreduce' | 'allgather' | 'bcast', NativeFunction>>;
  readonly pending: MpiPendingSums;
  /** Whether all ranks are known to come to their ends, so that nobody waits for this one any more. */
  private over = false;
  private waiting = false;

  private constructor(library: MpiLibrary) {
    const { bind, handles } = library;
    const word = new Int32Array(1);
    const ask = (prototype: string, ...before: unknown[]): number => {
      bind(prototype)(...before, library.koffi.address(word));
      return word[0]!;
    };
    const threads = ask(
      'int MPI_Init_thread(uintptr_t, uintptr_t, int, uintptr_t)',
      ...[0, 0, handles.serialized],
    );
    if (threads < handles.serialized) {
      throw new NanobardError('device', `${library.path} cannot be called from several threads`, {
        hint: 'Use a library that was built with support for threads (MPI_THREAD_SERIALIZED).',
        options: ['mpi'],
      });
    }
    this.library = library;
    this.rank = ask('int MPI_Comm_rank(intptr_t, uintptr_t)', handles.world);
    this.size = ask('int MPI_Comm_size(intptr_t, uintptr_t)', handles.world);
    this.version = versionOf(library);
    this.functions = {
      allreduce: bind('int MPI_Allreduce(intptr_t, uintptr_t, int, intptr_t, intptr_t, intptr_t)'),
      allgather: bind('int MPI_Allgather(uintptr_t, int, intptr_t, uintptr_t, int, intptr_t, intptr_t)'),
      bcast: bind('int MPI_Bcast(uintptr_t, int, intptr_t, int, intptr_t)'),
    };
    this.pending = new MpiPendingSums(library, this.size, (...call) => this.call(...call));
    process.once('exit', (code) => this.leave(code));
  }

  /**
   * Joins the job that the launcher has started, or makes one of this process alone.
   *
   * @throws {NanobardError} code `device` if the library finds another number of ranks than the launcher has started.
   */
  static async join(library: MpiLibrary, job: Launched | undefined): Promise<Communicator> {
    const communicator = new Communicator(library);
    const { size } = communicator;
    if (job && job.size !== size) {
      const message = `the launcher has started ${job.size} ranks, but ${library.path} sees ${size}`;
      throw new NanobardError('device', message, {
        hint: 'Start them with the launcher of this library, or name the library that belongs to the launcher.',
        options: ['mpi'],
      });
    }
    const members = await communicator.gatherJSON<Member>({ host: hostname(), pid: process.pid });
    return Object.assign(communicator, { members });
  }

  /** Ranks that run on this machine. */
  get local(): number {
    return this.members.filter(({ host }) => host === this.members[this.rank]!.host).length;
  }

  /** A rank in words. */
  describe(rank: number): string {
    const { host, pid } = this.members[rank]!;
    return `rank ${rank} of ${this.size} (${host}, process ${pid})`;
  }

  async sum(values: Float32Array | Float64Array): Promise<void> {
    const { inPlace, sum, world, float, double } = this.library.handles;
    const type = values instanceof Float32Array ? float : double;
    const { allreduce } = this.functions;
    for (const piece of piecesOf(values, this.size))
      await this.call(allreduce, [piece], inPlace, this.address(piece), piece.length, type, sum, world);
  }

  gather(own: TypedArray | Uint8Array, all: TypedArray | Uint8Array): Promise<void> {
    const { byte, world } = this.library.handles;
    const { byteLength: bytes } = own;
    const [from, to] = [this.address(own), this.address(all)];
    return this.call(this.functions.allgather, [own, all], from, bytes, byte, to, bytes, byte, world);
  }

  overlap(program: Executable, device: Device, variables: readonly Variable[]): OverlappedSums | undefined {
    return overlapInBuckets(this.pending, program, device, variables);
  }

  /** What rank 0 gives, for all; the others give nothing. */
  async broadcast(bytes?: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const length = Float64Array.of(this.rank === 0 ? (bytes?.length ?? 0) : 0);
    await this.sum(length);
    const all = new Uint8Array(length[0]!);
    if (bytes && this.rank === 0) all.set(bytes);
    const { byte, world } = this.library.handles;
    for (let begin = 0; begin < all.length; begin += LARGEST) {
      const part = all.subarray(begin, begin + LARGEST);
      await this.call(this.functions.bcast, [part], this.address(part), part.length, byte, 0, world);
    }
    return all;
  }

  /** Plain values of all ranks, by rank. */
  async gatherJSON<T>(value: T): Promise<readonly T[]> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const lengths = new Int32Array(this.size);
    await this.gather(Int32Array.of(bytes.length), lengths);
    const longest = Math.max(...lengths);
    const own = new Uint8Array(longest);
    own.set(bytes);
    const all = new Uint8Array(longest * this.size);
    await this.gather(own, all);
    return Array.from(lengths, (length, rank) => {
      const text = new TextDecoder().decode(all.subarray(rank * longest, rank * longest + length));
      return JSON.parse(text) as T;
    });
  }

  get concluded(): boolean {
    return this.over;
  }

  /**
   * Waits until all ranks have come to the same end, good or bad. From then on none waits for another; a process that ends
   * before stops the others.
   */
  async conclude(): Promise<void> {
    await this.sum(new Float64Array(1));
    this.over = true;
  }

  /** Calls a function on a thread of its own, so that events are handled here; `held` is what its addresses point to. */
  private async call(native: NativeFunction, held: readonly unknown[], ...args: unknown[]): Promise<void> {
    let watch: NodeJS.Timeout | undefined;
    this.waiting = true;
    try {
      const status = await new Promise<number>((resolve, reject) => {
        watch = setInterval(() => {
          const dead = this.missing();
          if (dead !== undefined) reject(this.lost(dead));
        }, WATCH_MS);
        native.async(...args, (error, result) => (error ? reject(error) : resolve(result)));
      });
      this.waiting = false;
      succeeded(status);
    } finally {
      clearInterval(watch);
      held.at(0);
    }
  }

  private address(values: TypedArray | Float64Array | Uint8Array): bigint {
    return this.library.koffi.address(values);
  }

  /** The first rank on this machine whose process has ended. */
  private missing(): number | undefined {
    const { host } = this.members[this.rank] ?? {};
    const rank = this.members.findIndex((member) => member.host === host && !lives(member.pid));
    return rank < 0 ? undefined : rank;
  }

  private lost(rank: number): NanobardError {
    return new NanobardError('device', `${this.describe(rank)} has ended, and the others cannot go on`, {
      hint: 'Start the job again with --resume: it goes on from the last checkpoint.',
    });
  }

  /** MPI wants every process to take leave; who leaves others waiting stops them. */
  private leave(code: number): void {
    // A thread still waits inside the library: nothing can be called, and the launcher sees how this process ends.
    if (this.waiting) process.kill(process.pid, 'SIGKILL');
    const { bind, handles } = this.library;
    if (this.over) bind('int MPI_Finalize()')();
    else bind('int MPI_Abort(intptr_t, int)')(handles.world, code || 1);
  }
}

/** Whether there is a process of this number. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function versionOf({ bind, koffi }: MpiLibrary): string {
  const text = new Uint8Array(8192); // MPI_MAX_LIBRARY_VERSION_STRING of MPICH and of MPI 5
  const length = new Int32Array(1);
  bind('int MPI_Get_library_version(uintptr_t, uintptr_t)')(koffi.address(text), koffi.address(length));
  const [line = ''] = new TextDecoder().decode(text.subarray(0, length[0])).split(/[\n,\0]/);
  return line.replace(' Version:', '').replaceAll(/\s+/g, ' ').trim();
}
