import { NanobardError } from '../../errors.ts';
import type { TypedArray } from '../../tensor/dtype.ts';
import { requireFromProgram, startWorker, type WorkerThread } from './host.ts';
import { hostFunctions, type Koffi } from './host-functions.ts';
import { type Block, type Region, type Run, type Runner, type RunnerStart, viewOf } from './runner.ts';
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

const NOTHING: readonly TypedArray[] = [];

/** Walks tapes on the thread that it is called on, number 0, with workers beside it. */
export class LocalRunner implements Runner {
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

  get buffer(): ArrayBufferLike {
    return this.working.memory.buffer;
  }

  write(region: Region, values: TypedArray): void {
    viewOf(this.buffer, region).set(values);
  }

  read(region: Region): TypedArray {
    return viewOf(this.buffer, region).slice();
  }

  run({ begin, end, threads, writes, reads }: Run): readonly TypedArray[] {
    const { kernels } = this.working;
    for (const { region, values } of writes) this.write(region, values);
    try {
      kernels.runAsCaller(CONTROL, begin, end, threads);
    } catch (cause) {
      const failure = 'a kernel failed; the CPU device cannot be used any more';
      throw this.end(new NanobardError('device', failure, { cause }));
    }
    return reads.length === 0 ? NOTHING : reads.map((region) => this.read(region));
  }

  profile(run: Run, marks: readonly number[]): number[] {
    return marks.map((begin, i) => {
      const before = performance.now();
      const writes = i === 0 ? run.writes : [];
      this.run({ ...run, begin, end: marks[i + 1] ?? run.end, writes, reads: [] });
      return performance.now() - before;
    });
  }

  stop(): void {
    this.end(new NanobardError('device', 'the CPU device was disposed of and cannot be used any more'));
  }

  get stopped(): NanobardError | undefined {
    return this.state instanceof NanobardError ? this.state : undefined;
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
