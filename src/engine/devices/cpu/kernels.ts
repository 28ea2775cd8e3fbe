// The kernels' module, and what it calls outside WebAssembly: the same on the calling thread and on workers.
import { requireFromProgram } from './host.ts';

/** What the module exports: see `tape.wasm.ts`. */
export interface Kernels {
  runAsCaller(control: number, tape: number, end: number, threads: number): void;
  runAsWorker(control: number, thread: number): void;
  runPiece(tape: number, part: number, parts: number): void;
  abandon(control: number): void;
  dismiss(control: number, threads: number): void;
}

/** A C library with `cblas_sgemm`, and the module that calls it. */
export interface BlasLocation {
  /** Path of the `koffi` module. */
  readonly koffi: string;
  /** Path or name of the library, as the system's loader takes it. */
  readonly library: string;
}

/** The part of koffi that is used here. */
export interface Koffi {
  load(library: string): { func(prototype: string): (...args: unknown[]) => unknown };
  address(memory: Uint8Array): bigint;
}

export function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  blas: BlasLocation | undefined,
): Kernels {
  const words = new Int32Array(memory.buffer);
  const env = {
    memory,
    sleep: (address: number, old: number) => void Atomics.wait(words, address >>> 2, old),
    sgemm: blas ? bindSgemm(memory, blas) : noBlas,
  };
  return new WebAssembly.Instance(module, { env }).exports as unknown as Kernels;
}

function noBlas(): never {
  throw new Error('a program that needs BLAS runs on a device without it');
}

/** cblas.h: row-major, as it is, transposed */
const ROW_MAJOR = 101;
const AS_IS = 111;
const TRANSPOSED = 112;

/** Ways in which libraries are told to use one thread for each call: the device brings its own. */
const SINGLE_THREAD = [
  'void openblas_set_num_threads(int)',
  'void MKL_Set_Num_Threads(int)',
  'void bli_thread_set_num_threads(int)',
];

/**
 * C = A · B + beta · C for row-major matrices at addresses in `memory`, which C sees at their place in the
 * process. Shared memory never moves, so the place is asked for once. Addresses beyond 2 GiB arrive as negative
 * numbers: WebAssembly's i32 has no sign, JavaScript's view of it has.
 */
function bindSgemm(memory: WebAssembly.Memory, blas: BlasLocation) {
  const koffi = requireFromProgram()[0]!(blas.koffi) as Koffi;
  const library = koffi.load(blas.library);
  for (const prototype of SINGLE_THREAD) {
    try {
      library.func(prototype)(1);
    } catch {
      // Another vendor's library.
    }
  }
  const cblas = library.func(
    'void cblas_sgemm(int, int, int, int, int, int, float, uintptr_t, int, uintptr_t, int, float, uintptr_t, int)',
  );
  const base = Number(koffi.address(new Uint8Array(memory.buffer)));
  return (
    transposeA: number,
    transposeB: number,
    m: number,
    n: number,
    k: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    beta: number,
    c: number,
    ldc: number,
  ): void => {
    const [opA, opB] = [transposeA ? TRANSPOSED : AS_IS, transposeB ? TRANSPOSED : AS_IS];
    const [atA, atB, atC] = [base + (a >>> 0), base + (b >>> 0), base + (c >>> 0)];
    cblas(ROW_MAJOR, opA, opB, m, n, k, 1, atA, lda, atB, ldb, beta, atC, ldc);
  };
}
