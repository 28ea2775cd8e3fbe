import type { NanobardError } from '../../errors.ts';
import type { DType, TypedArray } from '../../tensor/dtype.ts';
import type { BlasLocation } from './kernels.ts';

/** A row of values in the device's memory. */
export interface Region {
  readonly address: number;
  readonly length: number;
  readonly dtype: DType;
}

/** A part of memory, in bytes. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** Values, and where they belong. */
export interface Content {
  readonly region: Region;
  readonly values: TypedArray;
}

/** A place on a tape, and what is called when all before it is done. */
export interface Stop {
  readonly at: number;
  readonly call: () => void;
}

/** One walk of a tape. */
export interface Run {
  readonly begin: number;
  readonly end: number;
  readonly threads: number;
  /** In the tape's order. Only a runner of the caller's thread stops there. */
  readonly stops?: readonly Stop[];
  /** What is written first, and what is read afterwards. */
  readonly writes: readonly Content[];
  readonly reads: readonly Region[];
}

/** What a runner needs, wherever it is. */
export interface RunnerStart {
  readonly module: WebAssembly.Module;
  /** Whether the memory is shared, as the module expects it. */
  readonly shared: boolean;
  readonly blas: BlasLocation | undefined;
  /** Source text of a worker. */
  readonly worker: string;
}

/** What is there at once, or comes later. */
export type Soon<T> = T | Promise<T>;

/**
 * Holds the memory of a device and walks its tapes; where everything lies in memory is not its business. Requests are
 * answered in the order in which they are made. They fail with code `device` once it has been stopped, or a kernel
 * has failed.
 */
export interface Runner {
  /** Why nothing can run any more. */
  readonly stopped: NanobardError | undefined;
  /** Starts the workers that `threads` threads need, this runner's own included. */
  start(threads: number): Promise<void>;
  /** Makes memory reach `end`, and a little further, and clears the blocks; false if the host gives no more. */
  reserve(end: number, blocks: readonly Block[]): Soon<boolean>;
  /** The values there themselves, where memory is within reach; until it grows. */
  view?(region: Region): TypedArray;
  write(contents: readonly Content[]): Soon<void>;
  /** A copy of the values there. */
  read(region: Region): Soon<TypedArray>;
  /** Walks a tape; what was to be read afterwards. */
  run(run: Run): Soon<readonly TypedArray[]>;
  /** Walks a tape whose pieces begin at the marks; the milliseconds that each took. */
  profile(run: Run, marks: readonly number[]): Soon<readonly number[]>;
  /** Ends all threads and gives the memory back. */
  stop(): void;
}

/** What a runner in a worker is asked for by messages: a method and its arguments. */
export type Method = Exclude<keyof Runner, 'stopped' | 'stop' | 'view'>;

/** Its answers come in the order of the requests. */
export interface Answer {
  readonly value?: unknown;
  readonly error?: Pick<NanobardError, 'code' | 'message' | 'hint'>;
}

export const DISPOSED = 'the CPU device was disposed of and cannot be used any more';
