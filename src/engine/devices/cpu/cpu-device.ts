import { NanobardError } from '../../errors.ts';
import { PANEL_COLUMNS, WIDE_PANEL_COLUMNS } from '../../ops/matmul/constants.ts';
import { layOut } from '../../program/lay-out.ts';
import type { CompiledProgram } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, type TypedArray, typedArray, type Variable } from '../../tensor/index.ts';
import { Device, type Executable } from '../device.ts';
import { bestSimd } from './best-simd.ts';
import { type BlasChoice, findBlas } from './blas.ts';
import { assemble, CpuExecutable } from './cpu-executable.ts';
import { fuse } from './fuse.ts';
import { Heap } from './heap.ts';
import { availableMemory, canShareMemory, mayBlock, platform, processors } from './host.ts';
import { HEAP, HEAP_END, LocalRunner } from './local-runner.ts';
import { traitsOf } from './lower.ts';
import { RemoteRunner } from './remote-runner.ts';
import type { Block, Content, Region, Runner, RunnerStart } from './runner.ts';
import { compileKernels, type SimdLevel } from './simd.ts';
import { workerSource } from './worker.generated.ts';

export interface CpuOptions {
  /** Threads that share the work; by default one for each processor. */
  readonly threads?: number | undefined;
  /**
   * Work for which one more thread is woken, in floating-point operations of a run; 10 million by default.
   * Waking it and waiting for it after each kernel costs small programs, such as a decoding step, more than
   * sharing them gains.
   */
  readonly flopsPerThread?: number;
  /**
   * Matrix products by a BLAS library of the machine: `auto` uses one if there is one, a path names one. `off`,
   * the default, gives the same bits on every machine with the same SIMD level.
   */
  readonly blas?: BlasChoice | undefined;
  /**
   * Instruction set of the kernels; by default the best that the engine has. On Node 20, where relaxed SIMD is behind
   * a flag of V8, the device turns that flag on for the process; with `simd128` it does not.
   */
  readonly simd?: SimdLevel;
  /**
   * Whether all threads are workers, so that the caller's is free while programs run, and each run costs a message.
   * By default only where a thread must not wait: on a page.
   */
  readonly background?: boolean;
}

/**
 * Runs programs on all cores with WebAssembly SIMD. Results do not depend on the number of threads,
 * to the last bit, nor on whether SIMD is wide; without fused multiply-add (`simd128`) they round differently.
 */
export class CpuDevice extends Device {
  readonly name = 'cpu';
  readonly threads: number;
  readonly simd: SimdLevel;
  /** The BLAS library in use, by path or name. */
  readonly blas: string | undefined;
  readonly notes: readonly string[];
  private readonly flopsPerThread: number;
  private readonly heap = new Heap(HEAP);
  private readonly runner: Runner;
  private readonly variables = new Map<Variable, Region>();
  /** How far memory reaches. */
  private reserved = 0;
  /** Programs are loaded one after another, so that each finds the variables of those before in place. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    runner: Runner,
    choice: Pick<CpuDevice, 'threads' | 'simd' | 'blas' | 'notes'> & { flopsPerThread: number },
  ) {
    super();
    this.runner = runner;
    this.threads = choice.threads;
    this.simd = choice.simd;
    this.blas = choice.blas;
    this.notes = choice.notes;
    this.flopsPerThread = choice.flopsPerThread;
  }

  /**
   * @throws {NanobardError} code `argument` for options that make no sense, `device` if this engine, or a page's
   * rules, cannot give what they ask for.
   */
  static async create(options: CpuOptions = {}): Promise<CpuDevice> {
    const { flopsPerThread = 10_000_000, blas: choice = 'off', background = !mayBlock() } = options;
    const wanted = options.threads ?? Math.min(processors(), 255);
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > 255) {
      throw new NanobardError(
        'argument',
        `the CPU device cannot use ${wanted} threads; give a number from 1 to 255`,
      );
    }
    const notes: string[] = [];
    const simd =
      options.simd ??
      (await bestSimd((level) => CpuDevice.create({ simd: level, threads: 1, background: false })));
    if (simd === 'simd128' && options.simd === undefined)
      notes.push('This engine has no relaxed SIMD: without fused multiply-add, results round differently.');
    const shared = canShareMemory();
    if (!shared && wanted > 1) notes.push(NOT_SHARED);
    const blas = findBlas(choice);
    const module = await compileKernels(simd, shared);
    const start: RunnerStart = { module, shared, blas, worker: workerSource };
    const { runner, threads } = await createRunner(start, shared ? wanted : 1, background, notes);
    return new CpuDevice(runner, { threads, simd, blas: blas?.library, notes, flopsPerThread });
  }

  /** Bytes that variables and loaded programs take. */
  get bytes(): number {
    return this.heap.bytes;
  }

  load({ program: plain, variables }: CompiledProgram): Promise<Executable> {
    return this.inTurn(async () => {
      const program = layOut(fuse(plain, traitsOf), traitsOf);
      const wanted = Math.floor(program.flops / this.flopsPerThread);
      const threads = Math.max(1, Math.min(this.threads, wanted));
      await this.runner.start(threads);
      const machine = {
        threads,
        panelColumns: this.simd === 'wide' ? WIDE_PANEL_COLUMNS : PANEL_COLUMNS,
        blas: this.blas !== undefined,
      };
      const { layout, free } = await this.place('the program', variables, (allocate) => {
        const addresses = variables.map((variable) => this.variables.get(variable)!.address);
        return assemble(program, addresses, allocate, machine);
      });
      return new CpuExecutable(program, variables, layout, { runner: this.runner, threads, free });
    });
  }

  async read(variable: Variable): Promise<TypedArray> {
    this.check();
    const region = this.variables.get(variable);
    if (!region) return typedArray(variable.dtype, variable.size, variable.initial);
    const values = await this.runner.read(region);
    return variable.storage?.decode(variable, values) ?? values;
  }

  override async view(variable: Variable): Promise<TypedArray> {
    const region = variable.storage ? undefined : this.variables.get(variable);
    return (region && this.runner.view?.(region)) ?? this.read(variable);
  }

  write(variable: Variable, values: ArrayLike<number>): Promise<void> {
    return this.inTurn(async () => {
      variable.requireSize(values);
      await this.place(`variable ${variable.name}`, [variable], () => ({ contents: [] }));
      const region = this.variables.get(variable)!;
      await this.runner.write([{ region, values: stored(variable, values) }]);
    });
  }

  override alter(
    variables: readonly Variable[],
    change: (values: readonly TypedArray[]) => Promise<void> | void,
  ): Promise<void> {
    const { runner } = this;
    if (!runner.view || variables.some(({ storage }) => storage)) return super.alter(variables, change);
    return this.inTurn(async () => {
      await this.place('what is computed', variables, () => ({ contents: [] }));
      await change(variables.map((variable) => runner.view!(this.variables.get(variable)!)));
    });
  }

  release(variables: Iterable<Variable>): void {
    for (const variable of variables) {
      const region = this.variables.get(variable);
      if (region) this.heap.release(region.address);
      this.variables.delete(variable);
    }
  }

  async dispose(): Promise<void> {
    this.runner.stop();
    this.variables.clear();
  }

  private check(): void {
    if (this.runner.stopped) throw this.runner.stopped;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(() => {
      this.check();
      return work();
    });
    this.last = result.catch(() => {});
    return result;
  }

  /** Finds memory for variables that are new here, and for what `lay` allocates, and fills it: for all or for none. */
  private async place<T extends { readonly contents: readonly Content[] }>(
    purpose: string,
    variables: readonly Variable[],
    lay: (allocate: (bytes: number) => number) => T,
  ): Promise<{ layout: T; free: () => void }> {
    const before = this.heap.end;
    const blocks: Block[] = [];
    const allocate = (bytes: number): number => {
      const block = this.heap.allocate(bytes);
      blocks.push(block);
      return block.address;
    };
    const free = (from: number): void => {
      for (const { address } of blocks.slice(from)) this.heap.release(address);
    };
    const fresh = variables.filter((variable) => !this.variables.has(variable));
    const initial = fresh.flatMap((variable) => {
      const { dtype, size, initial, storage } = variable;
      const length = storage?.words(variable) ?? size;
      const region = { address: allocate(BYTES_PER_ELEMENT * length), length, dtype };
      this.variables.set(variable, region);
      return initial ? [{ region, values: stored(variable, initial) }] : [];
    });
    try {
      const layout = lay(allocate);
      await this.reserve(purpose, before, blocks);
      for (const content of [...initial, ...layout.contents]) await this.runner.write([content]);
      return { layout, free: () => free(fresh.length) };
    } catch (error) {
      free(0);
      for (const variable of fresh) this.variables.delete(variable);
      throw error;
    }
  }

  /** Makes memory reach all that is allocated, if there is as much; until then nothing has been taken. */
  private async reserve(purpose: string, before: number, blocks: readonly Block[]): Promise<void> {
    const { end } = this.heap;
    const available = Math.min(HEAP_END - before, availableMemory());
    const fits = end <= HEAP_END && end - this.reserved <= available;
    if (!fits || !(await this.runner.reserve(end, blocks))) {
      const needed = blocks.reduce((sum, { bytes }) => sum + bytes, 0);
      const [needs, are] = [needed, available].map(formatMegabytes);
      throw new NanobardError('memory', `${purpose} needs ${needs} but ${are} are available`, {
        hint: 'Use a smaller batch size, block size or model, or fewer rows in its tables.',
      });
    }
    this.reserved = Math.max(this.reserved, end);
  }
}

/** Values of a variable as its memory holds them. */
function stored(variable: Variable, values: ArrayLike<number>): TypedArray {
  const { storage, dtype, size } = variable;
  return storage?.encode(variable, values) ?? typedArray(dtype, size, values);
}

const NOT_SHARED =
  'One thread: threads share memory only on pages that are cross-origin isolated, which the server says with the ' +
  'headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.';

const formatMegabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MB`;

/**
 * The best runner that this place allows: a page may refuse workers, or a worker may be refused workers of its own.
 * What it refuses becomes a note.
 */
async function createRunner(
  start: RunnerStart,
  threads: number,
  background: boolean,
  notes: string[],
): Promise<{ runner: Runner; threads: number }> {
  const attempts = [
    { background, threads },
    { background, threads: 1 },
    { background: false, threads: 1 },
  ];
  let refusal: unknown;
  for (const attempt of attempts) {
    try {
      const runner = attempt.background ? await RemoteRunner.create(start) : new LocalRunner(start);
      // Where workers may be refused, one is tried now, so that the number of threads is true.
      if (platform === 'browser') await runner.start(Math.min(2, attempt.threads));
      if (refusal !== undefined) {
        const lacks = attempt.background ? '' : ', and this page cannot respond while a program runs';
        notes.push(
          `One thread${lacks}: a worker did not start (${(refusal as Error).message}). ` +
            'The Content-Security-Policy must allow blob: as a worker-src.',
        );
      }
      return { runner, threads: attempt.threads };
    } catch (reason) {
      refusal ??= reason;
    }
  }
  throw refusal;
}
