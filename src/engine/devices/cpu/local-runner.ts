import { type ErrorOptions, NanobardError } from '../../errors.ts';
import type { TypedArray } from '../../tensor/dtype.ts';
import { startWorker, type WorkerThread } from './host.ts';
import { instantiate, type Kernels } from './kernels.ts';
import {
  type Block,
  type Content,
  DISPOSED,
  type Region,
  type Run,
  type Runner,
  type RunnerStart,
} from './runner.ts';
import type { ThreadStart } from './worker.ts';

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
  private readonly from: RunnerStart;
  /** Or why nothing can run any more: then nobody who still holds this runner holds its memory. */
  private state: { readonly memory: WebAssembly.Memory; readonly kernels: Kernels } | NanobardError;
  private workers: WorkerThread[] = [];
  /** Making one takes as long as a small kernel; those of memory that has grown are of no use. */
  private views = new WeakMap<Region, TypedArray>();

  constructor(start: RunnerStart) {
    this.from = start;
    const { module, shared, blas } = start;
    const memory = new WebAssembly.Memory({ initial: HEAP / PAGE, maximum: MAX_PAGES, shared });
    this.state = { memory, kernels: instantiate(module, memory, blas) };
  }

  /** They start when first needed: what runs on one thread never pays for them. */
  async start(threads: number): Promise<void> {
    const { memory } = this.working;
    try {
      while (this.workers.length < threads - 1) {
        const { from, workers } = this;
        const thread: ThreadStart = { ...from, memory, control: CONTROL, thread: workers.length + 1 };
        workers.push(startWorker(from.worker, thread));
      }
      await Promise.all(this.workers.slice(0, threads - 1).map(({ ready }) => ready));
    } catch (cause) {
      throw this.end(`a worker thread did not start: ${(cause as Error).message}`, {
        hint: 'Use one thread, or the library’s own matrix products: the options threads: 1 and blas: "off".',
        cause,
      });
    }
    this.working;
  }

  reserve(end: number, blocks: readonly Block[]): boolean {
    const { memory } = this.working;
    const { byteLength } = memory.buffer;
    const pages = Math.ceil((end + SLACK - byteLength) / PAGE);
    try {
      if (pages > 0) {
        memory.grow(pages);
        this.views = new WeakMap();
      }
    } catch {
      return false;
    }
    // What is new is zero.
    for (const { address, bytes } of blocks) {
      if (address >= byteLength) continue;
      new Uint8Array(memory.buffer, address, Math.min(bytes, byteLength - address)).fill(0);
    }
    return true;
  }

  write(contents: readonly Content[]): void {
    for (const { region, values } of contents) this.view(region).set(values);
  }

  read(region: Region): TypedArray {
    return this.view(region).slice();
  }

  run({ begin, end, threads, stops = [], writes, reads }: Run): readonly TypedArray[] {
    this.write(writes);
    let from = begin;
    for (const { at, call } of stops) {
      this.walk(from, at, threads);
      call();
      from = at;
    }
    this.walk(from, end, threads);
    return reads.map((region) => this.read(region));
  }

  private walk(begin: number, end: number, threads: number): void {
    if (begin === end) return;
    const { kernels } = this.working;
    try {
      kernels.runAsCaller(CONTROL, begin, end, threads);
    } catch (cause) {
      throw this.end('a kernel failed; the CPU device cannot be used any more', { cause });
    }
  }

  profile(run: Run, marks: readonly number[]): number[] {
    this.write(run.writes);
    return marks.map((begin, i) => {
      const before = performance.now();
      this.walk(begin, marks[i + 1] ?? run.end, run.threads);
      return performance.now() - before;
    });
  }

  stop(): void {
    this.end(DISPOSED);
  }

  get stopped(): NanobardError | undefined {
    return this.state instanceof NanobardError ? this.state : undefined;
  }

  private get working(): Exclude<LocalRunner['state'], NanobardError> {
    if (this.state instanceof NanobardError) throw this.state;
    return this.state;
  }

  view(region: Region): TypedArray {
    const known = this.views.get(region);
    if (known) return known;
    const { address, length, dtype } = region;
    const { buffer } = this.working.memory;
    const view = new (dtype === 'f32' ? Float32Array : Int32Array)(buffer, address, length);
    this.views.set(region, view);
    return view;
  }

  private end(...reason: [message: string, options?: ErrorOptions]): NanobardError {
    if (this.state instanceof NanobardError) return this.state;
    const { kernels } = this.state;
    this.state = new NanobardError('device', ...reason);
    this.views = new WeakMap();
    kernels.abandon(CONTROL);
    kernels.dismiss(CONTROL, this.workers.length + 1);
    for (const worker of this.workers) worker.terminate();
    this.workers = [];
    return this.state;
  }
}
