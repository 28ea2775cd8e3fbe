import { NanobardError } from '../../errors.ts';
import { workerSource } from './binaries.generated.ts';
import { requireFromHere, startWorker, type WorkerThread } from './host.ts';
import { type BlasLocation, hostFunctions } from './host-functions.ts';
import type { WorkerStart } from './worker.ts';

interface Kernels {
  runAsCaller(control: number, tape: number, end: number, threads: number): void;
}

/** Bytes of the control block that all threads watch: see `tape.wasm.ts`. */
export const CONTROL_BYTES = 256;

/** The threads that walk a tape together: the caller and its workers. */
export class Threads {
  readonly count: number;
  private readonly kernels: Kernels;
  private readonly memory: WebAssembly.Memory;
  private readonly control: number;
  private readonly workers: WorkerThread[] = [];
  private readonly module: WebAssembly.Module;
  private readonly blas: BlasLocation | undefined;
  private started: Promise<void> | undefined;
  private stopped = false;

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    control: number,
    count: number,
    blas: BlasLocation | undefined,
  ) {
    this.count = count;
    this.blas = blas;
    this.module = module;
    this.memory = memory;
    this.control = control;
    const instance = new WebAssembly.Instance(module, { env: hostFunctions(memory, blas, requireFromHere) });
    this.kernels = instance.exports as unknown as Kernels;
  }

  /**
   * Walks the tape from `address` to `end` on `threads` of the threads and returns when all of it is done. With
   * more than one, `start` must have come first.
   */
  run(address: number, end: number, threads: number): void {
    if (this.stopped)
      throw new NanobardError('device', 'the CPU device was disposed of and cannot run programs');
    try {
      this.kernels.runAsCaller(this.control, address, end, threads);
    } catch (cause) {
      // The others still wait at a barrier that this thread will never reach.
      this.stop();
      throw new NanobardError('device', 'a kernel failed; the CPU device cannot be used any more', { cause });
    }
  }

  stop(): void {
    this.stopped = true;
    const control = new Int32Array(this.memory.buffer, this.control, CONTROL_BYTES / 4);
    Atomics.store(control, 0, -(2 ** 31));
    Atomics.notify(control, 0);
    for (const worker of this.workers) worker.terminate();
    this.workers.length = 0;
  }

  /** Starts the workers, once. They start when first needed: what runs on one thread never pays for them. */
  start(): Promise<void> {
    this.started ??= this.startWorkers();
    return this.started;
  }

  private async startWorkers(): Promise<void> {
    const { module, memory, control, blas } = this;
    const starting = Array.from({ length: this.count - 1 }, (_, i) => {
      const data: WorkerStart = { module, memory, control, thread: i + 1, blas };
      return startWorker(workerSource, data);
    });
    for (const worker of await Promise.allSettled(starting)) {
      if (worker.status === 'fulfilled') {
        this.workers.push(worker.value);
        continue;
      }
      this.stop();
      const { reason } = worker;
      throw new NanobardError('device', `a worker thread did not start: ${(reason as Error).message}`, {
        hint: 'Use one thread, or the device’s own matrix products.',
        options: ['threads', 'blas'],
        cause: reason,
      });
    }
  }
}
