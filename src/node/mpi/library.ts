// Finding a library of MPI, and what it calls its communicator, types and operations: there are three binary interfaces.
import process from 'node:process';
import { requireFromProgram } from '../../engine/devices/cpu/host.ts';
import { NanobardError } from '../../engine/errors.ts';
import type { Launched } from './launched.ts';

/** Which library to use: one that fits the launcher, none, or the one of this path or name. */
export type MpiChoice = 'auto' | 'off' | (string & {});

/** A function of a library, called here, or on a thread of its own. */
export interface NativeFunction {
  (...args: unknown[]): number;
  async(...args: [...args: unknown[], done: (error: Error | null, result: number) => void]): void;
}

/** @throws {NanobardError} code `device` if a function of the library has returned anything but 0. */
export function succeeded(status: number): void {
  if (status !== 0) throw new NanobardError('device', `MPI failed with status ${status}`);
}

interface NativeLibrary {
  func(prototype: string): NativeFunction;
  symbol(name: string, type: string): unknown;
}

/** The part of koffi that is used here. */
interface Koffi {
  config(limits: { readonly async_stack_size: number }): void;
  load(library: string, options: { readonly global: boolean }): NativeLibrary;
  address(value: unknown): bigint;
}

/** What the functions are given: integers, or addresses. */
interface Handles {
  readonly world: bigint;
  readonly float: bigint;
  readonly double: bigint;
  readonly byte: bigint;
  readonly sum: bigint;
  readonly inPlace: bigint;
  /** MPI_THREAD_SERIALIZED: calls come from any thread, one after another. */
  readonly serialized: number;
}

export interface MpiLibrary {
  /** Path or name, as the system's loader takes it. */
  readonly path: string;
  /** Binary interface. */
  readonly abi: 'Open MPI' | 'MPICH' | 'MPI 5';
  readonly handles: Handles;
  readonly koffi: Koffi;
  /** Binds a function by its C prototype. */
  bind(prototype: string): NativeFunction;
}

const OPEN_MPI = { linux: ['libmpi.so.40', 'libmpi.so'], darwin: ['libmpi.40.dylib', 'libmpi.dylib'] };
const MPICH = { linux: ['libmpich.so.12', 'libmpi.so.12'], darwin: ['libmpi.12.dylib', 'libmpich.dylib'] };
const ABI = {
  linux: ['libmpi_abi.so.0', 'libmpi_abi.so'],
  darwin: ['libmpi_abi.0.dylib', 'libmpi_abi.dylib'],
};

/** Bytes of stack for a call on a thread of its own: MPICH's reductions need more than koffi's 128 KiB. */
const STACK = 2 ** 23;

/**
 * Settings of UCX, through which libraries may reach other machines, for processes of V8: it would patch `brk` and `mmap`
 * of the whole process and take SIGSEGV for itself, which V8 needs for WebAssembly. Of about 55 jobs with MPICH 4.0.2 and
 * UCX 1.13 two crashed in V8's garbage collector as they began; with these settings none of about as many, which makes the
 * cause likely and proves nothing.
 */
const UCX = { UCX_MEM_EVENTS: 'n', UCX_ERROR_SIGNALS: '' };

const HINT =
  'Install a library of MPI (apt-get install openmpi-bin, or mpich) and what calls it (npm install koffi).';

/** mpi.h of MPICH 3 and 4, and of what is binary compatible with them. */
const MPICH_HANDLES: Handles = {
  world: 0x44000000n,
  float: 0x4c00040an,
  double: 0x4c00080bn,
  byte: 0x4c00010dn,
  sum: 0x58000003n,
  inPlace: -1n,
  serialized: 2,
};

/** MPI 5.0, "Application Binary Interface": https://github.com/mpi-forum/mpi-abi-stubs/blob/main/mpi.h */
const ABI_HANDLES: Handles = {
  world: 0x101n,
  float: 0x210n,
  double: 0x214n,
  byte: 0x247n,
  sum: 0x21n,
  inPlace: 1n,
  serialized: 2048,
};

/** The names under which a library that talks to this launcher may be found, best first. */
export function libraryNames(
  family: Launched['family'],
  platform: string = process.platform,
): readonly string[] {
  const order = family === 'MPICH' ? [MPICH, ABI, OPEN_MPI] : [OPEN_MPI, ABI, MPICH];
  return order.flatMap((names) => (platform === 'darwin' ? names.darwin : names.linux));
}

/**
 * Loads a library of MPI.
 *
 * @throws {NanobardError} code `device` if there is none, or the one that was named is none, or koffi is missing.
 */
export function loadMpi(choice: Exclude<MpiChoice, 'off'>, family: Launched['family']): MpiLibrary {
  const koffi = loadKoffi();
  for (const [name, value] of Object.entries(UCX)) process.env[name] ??= value;
  const names = choice === 'auto' ? libraryNames(family) : [choice];
  let cause: unknown;
  for (const name of names) {
    try {
      // Global, since the library loads parts of itself that look for its symbols.
      const library = describe(name, koffi, koffi.load(name, { global: true }));
      if (process.platform === 'linux') keepLoaded(name, koffi);
      return library;
    } catch (error) {
      cause = error;
    }
  }
  const message =
    choice === 'auto'
      ? 'no library of MPI was found'
      : `${choice} is not a library of MPI: ${messageOf(cause)}`;
  throw new NanobardError('device', message, { hint: HINT, options: ['mpi'], cause });
}

/** RTLD_LAZY | RTLD_NODELETE of Linux. */
const NO_DELETE = 0x1001;

/**
 * Keeps a library in memory to the end. koffi lets it go before its threads have ended, which, where they have called Open
 * MPI over TCP, then clean up with code that is gone: every process ended by SIGSEGV.
 */
function keepLoaded(name: string, koffi: Koffi): void {
  let loader: NativeLibrary;
  try {
    loader = koffi.load('libdl.so.2', { global: false });
  } catch {
    return; // musl, which unloads nothing
  }
  loader.func('uintptr_t dlopen(const char *, int)')(name, NO_DELETE);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function loadKoffi(): Koffi {
  for (const require of requireFromProgram()) {
    let koffi: Koffi;
    try {
      koffi = require('koffi') as Koffi;
    } catch {
      continue; // not installed there
    }
    try {
      koffi.config({ async_stack_size: STACK });
      return koffi;
    } catch (cause) {
      const message = 'MPI must be the first native library of a process, and there is another already';
      const hint = 'Begin the training before any other device or library that uses koffi (BLAS).';
      throw new NanobardError('device', message, { hint, options: ['mpi'], cause });
    }
  }
  throw new NanobardError('device', 'MPI cannot be called: the package koffi is missing', {
    hint: 'Install it: npm install koffi. Without it each machine trains for itself.',
    options: ['mpi'],
  });
}

/** Open MPI's handles are the addresses of its objects; MPICH and the MPI 5 interface have numbers. */
function describe(path: string, koffi: Koffi, library: NativeLibrary): MpiLibrary {
  const bind = (prototype: string): NativeFunction => library.func(prototype);
  const has = (prototype: string): boolean => {
    try {
      library.func(prototype);
      return true;
    } catch {
      return false;
    }
  };
  const address = (name: string): bigint => koffi.address(library.symbol(name, 'void'));
  bind('int MPI_Init_thread(void *, void *, int, int *)'); // or it is no library of MPI
  if (has('int MPI_Abi_get_version(int *, int *)') && /libmpi_abi/.test(path))
    return { path, abi: 'MPI 5', handles: ABI_HANDLES, koffi, bind };
  try {
    const handles = {
      world: address('ompi_mpi_comm_world'),
      float: address('ompi_mpi_float'),
      double: address('ompi_mpi_double'),
      byte: address('ompi_mpi_byte'),
      sum: address('ompi_mpi_op_sum'),
      inPlace: 1n,
      serialized: 2,
    };
    return { path, abi: 'Open MPI', handles, koffi, bind };
  } catch {
    return { path, abi: 'MPICH', handles: MPICH_HANDLES, koffi, bind };
  }
}
