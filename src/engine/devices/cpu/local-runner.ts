import { NanobardError } from '../../errors.ts';
import type { TypedArray } from '../../tensor/dtype.ts';
import { requireFromProgram, startWorker, type WorkerThread } from './host.ts';
import { hostFunctions, type Koffi } from './host-functions.ts';
import type { Block, Region, Run, Runner, RunnerStart, RunResult } from './runner.ts';
import type { ThreadStart } from './worker.ts';

/** What the kernels' module exports: see `tape.wasm.ts`. */
export interface Kernels {
  runAsCaller(control: number, tape: number, end: number, threads: number): void;
  runAsWorker(control: number, thread: number): void;
  abandon(control: number): void;
  dismiss(control: number, threads: number): void;
}

const PAGE = 65536;
/** WebAssembly's 32-bit addresses reach this far. */
const MAX_PAGES = 65536;
/** The kernels' own static data lies on the first page; the words that all threads watch on the second. */
const CONTROL = PAGE;
/** Where memory for programs begins. */
export const HEAP = 2 * PAGE;
export const HEAP_END = MAX_PAGES * PAGE;
/** Bytes after the last block that kernels may read, never write: a vector, and what is loaded ahead. */
const SLACK = 256;

/** Walks tapes on the thread that it is called on, number 0, with workers beside it. */
export class LocalRunner implements Runner {
  readonly remote = false;
  private readonly from: RunnerStart;
  /** Or why nothing can run any more: then nobody who still holds this runner holds its memory. */
  private state: { readonly memory: WebAssembly.Memory; readonly kernels: Kernels } | NanobardError;
  private workers: WorkerThread[] = [];

  constructor(start: RunnerStart) {
    this.from = start;
    const memory = new WebAssembly.Memory({
      initial: HEAP / PAGE,
      maximum: MAX_PAGES,
      shared: start.shared,
    });
    const env = hostFunctions(memory, start.blas, loadKoffi);
    const kernels = new WebAssembly.Instance(start.module, { env }).exports as unknown as Kernels;
    this.state = { memory, kernels };
  }

  /** They start when first needed: what runs on one thread never pays for them. */
  async start(threads: number): Promise<void> {
    const { memory } = this.working;
    const { from } = this;
    try {
      while (this.workers.length < threads - 1) {
        const thread: ThreadStart = { ...from, memory, control: CONTROL, thread: this.workers.length + 1 };
        this.workers.push(startWorker(from.worker, thread));
      }
      await Promise.all(this.workers.slice(0, threads - 1).map(({ ready }) => ready));
    } catch (cause) {
      throw this.refuseWorkers(cause);
    }
    this.working;
  }

  reserve(end: number, blocks: readonly Block[]): void {
    const { memory } = this.working;
    const { byteLength } = memory.buffer;
    const pages = Math.ceil((end + SLACK - byteLength) / PAGE);
    try {
      if (pages > 0) memory.grow(pages);
    } catch (cause) {
      throw new NanobardError('memory', 'the host gives no more memory to WebAssembly', { cause });
    }
    // What is new is zero.
    for (const { address, bytes } of blocks) {
      if (address >= byteLength) continue;
      new Uint8Array(memory.buffer, address, Math.min(bytes, byteLength - address)).fill(0);
    }
  }

  view({ address, length, dtype }: Region): TypedArray {
    const { buffer } = this.working.memory;
    return dtype === 'f32'
      ? new Float32Array(buffer, address, length)
      : new Int32Array(buffer, address, length);
  }

  write(region: Region, values: TypedArray): void {
    this.view(region).set(values);
  }

  read(region: Region): TypedArray {
    return this.view(region).slice();
  }

  run({ begin, ends, threads, writes, reads }: Run): RunResult {
    const { kernels } = this.working;
    for (const { region, values } of writes) this.write(region, values);
    let from = begin;
    let before = performance.now();
    try {
      const milliseconds = ends.map((end) => {
        kernels.runAsCaller(CONTROL, from, end, threads);
        from = end;
        const since = before;
        before = performance.now();
        return before - since;
      });
      return { milliseconds, values: reads.map((region) => this.read(region)) };
    } catch (cause) {
      const failure = 'a kernel failed; the CPU device cannot be used any more';
      throw this.end(new NanobardError('device', failure, { cause }));
    }
  }

  stop(): void {
    this.end(new NanobardError('device', 'the CPU device was disposed of and cannot be used any more'));
  }

  private get working(): Exclude<LocalRunner['state'], NanobardError> {
    if (this.state instanceof NanobardError) throw this.state;
    return this.state;
  }

  private end(reason: NanobardError): NanobardError {
    if (this.state instanceof NanobardError) return this.state;
    const { kernels } = this.state;
    this.state = reason;
    kernels.abandon(CONTROL);
    kernels.dismiss(CONTROL, this.workers.length + 1);
    for (const worker of this.workers) worker.terminate();
    this.workers = [];
    return reason;
  }

  private refuseWorkers(cause: unknown): NanobardError {
    return this.end(
      new NanobardError('device', `a worker thread did not start: ${(cause as Error).message}`, {
        hint: 'Use one thread, or the library’s own matrix products: the options threads: 1 and blas: "off".',
        cause,
      }),
    );
  }
}

/** Loads the koffi module at a path, in Node. */
export function loadKoffi(path: string): Koffi {
  return requireFromProgram()[0]!(path) as Koffi;
}
