import { NanobardError } from '../../errors.ts';
import { layOut } from '../../program/lay-out.ts';
import { type CompiledProgram, programBytes } from '../../program/program.ts';
import type { Constant } from '../../tensor/constant.ts';
import { type TypedArray, typedArray } from '../../tensor/dtype.ts';
import type { Tensor, Variable } from '../../tensor/tensor.ts';
import { type CompiledFunction, compileOn, type Traced } from '../compiled-function.ts';
import type { Device, Executable } from '../device.ts';
import { evaluateOn } from '../evaluate.ts';
import { relaxed, simd128, wide } from './binaries.generated.ts';
import { type BlasChoice, findBlas } from './blas.ts';
import { CpuExecutable } from './cpu-executable.ts';
import { Heap } from './heap.ts';
import { allowRelaxedSimd, allowWideSimd, processors } from './host.ts';
import { CONTROL_BYTES, Threads } from './threads.ts';
import { cpuTraits } from './traits.ts';

/**
 * Instruction sets of the kernels. `simd128` is what every engine has; `relaxed` adds fused multiply-add, which
 * rounds once; `wide` is `relaxed` for engines that join neighbouring instructions of 128 bits into one of 256.
 */
export type SimdLevel = 'wide' | 'relaxed' | 'simd128';

const binaries: Readonly<Record<SimdLevel, string>> = { wide, relaxed, simd128 };

export interface CpuOptions {
  /** Threads that share the work, the caller's included; by default one for each processor. */
  readonly threads?: number;
  /**
   * Work for which one more thread is woken, in floating-point operations of a run; 32 million by default.
   * Waking it and meeting at a barrier after each kernel costs small programs, such as a decoding step, more than
   * sharing them gains.
   */
  readonly flopsPerThread?: number;
  /**
   * Matrix products by a BLAS library of the machine: `auto` uses one if there is one, a path names one. `off`,
   * the default, gives the same bits on every machine with the same SIMD level.
   */
  readonly blas?: BlasChoice;
  /**
   * Instruction set of the kernels; by default the best that the engine has. `wide` turns on an experimental flag of
   * V8 for the whole process; `relaxed` does not, and is faster on the rare x86-64 without AVX2.
   */
  readonly simd?: SimdLevel;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The best instruction set that this engine runs. */
function bestSimd(): SimdLevel {
  allowRelaxedSimd();
  if (!WebAssembly.validate(decodeBase64(relaxed))) return 'simd128';
  return allowWideSimd() ? 'wide' : 'relaxed';
}

/**
 * Runs programs on all cores with WebAssembly SIMD. Results do not depend on the number of threads,
 * to the last bit, nor on whether SIMD is wide; without fused multiply-add (`simd128`) they round differently.
 */
export class CpuDevice implements Device {
  readonly name = 'cpu';
  readonly threads: number;
  readonly simd: SimdLevel;
  /** The BLAS library in use, by path or name. */
  readonly blas: string | undefined;
  private readonly flopsPerThread: number;
  private readonly heap = new Heap();
  private readonly team: Threads;
  private readonly variables = new Map<Variable, number>();

  constructor(options: CpuOptions = {}) {
    this.threads = options.threads ?? Math.min(processors(), 255);
    this.flopsPerThread = options.flopsPerThread ?? 32_000_000;
    if (!Number.isInteger(this.threads) || this.threads < 1 || this.threads > 255) {
      throw new NanobardError(
        'argument',
        `the CPU device cannot use ${this.threads} threads; give a number from 1 to 255`,
      );
    }
    allowRelaxedSimd();
    this.simd = options.simd ?? bestSimd();
    if (this.simd === 'wide') allowWideSimd();
    const binary = decodeBase64(binaries[this.simd]);
    if (!WebAssembly.validate(binary)) {
      throw new NanobardError(
        'device',
        `this JavaScript engine does not run WebAssembly with ${this.simd} SIMD`,
      );
    }
    const control = this.heap.allocate(CONTROL_BYTES, 'the CPU device');
    const blas = findBlas(options.blas ?? 'off');
    this.blas = blas?.library;
    this.team = new Threads(new WebAssembly.Module(binary), this.heap.memory, control, this.threads, blas);
  }

  /** Bytes that variables and loaded programs take. */
  get bytes(): number {
    return this.heap.bytes;
  }

  async load(compiled: CompiledProgram): Promise<Executable> {
    const program = layOut(compiled.program, (op) => cpuTraits[op] ?? {});
    const megabytes = Math.ceil(programBytes(program) / 2 ** 20);
    const purpose = `a program of ${megabytes.toLocaleString('en')} MB in all`;
    const variables = compiled.variables.map((variable) => this.address(variable, purpose));
    const wanted = Math.floor(program.flops / this.flopsPerThread);
    const threads = Math.max(1, Math.min(this.threads, wanted));
    if (threads > 1) await this.team.start();
    const machine = {
      heap: this.heap,
      team: this.team,
      threads,
      panelColumns: this.simd === 'wide' ? 16 : 8,
      blas: this.blas !== undefined,
    };
    return new CpuExecutable(program, machine, variables, purpose);
  }

  evaluate(tensor: Tensor, inputs: Readonly<Record<string, ArrayLike<number>>> = {}): Promise<Constant> {
    return evaluateOn(this, tensor, inputs);
  }

  compile<R extends Traced>(fn: (...args: Tensor[]) => R): CompiledFunction<R> {
    return compileOn(this, fn);
  }

  async read(variable: Variable): Promise<TypedArray> {
    const copy = typedArray(variable.dtype, variable.size);
    copy.set(this.memoryOf(variable));
    return copy;
  }

  async write(variable: Variable, values: ArrayLike<number>): Promise<void> {
    if (values.length !== variable.size) {
      throw new NanobardError(
        'shape',
        `variable ${variable.name} holds ${variable.size} values, not ${values.length}`,
      );
    }
    this.memoryOf(variable).set(values);
  }

  release(variables: Iterable<Variable>): void {
    for (const variable of variables) {
      const address = this.variables.get(variable);
      if (address === undefined) continue;
      this.heap.release(address);
      this.variables.delete(variable);
    }
  }

  async dispose(): Promise<void> {
    this.team.stop();
    this.variables.clear();
  }

  private address(variable: Variable, purpose = `variable ${variable.name}`): number {
    let address = this.variables.get(variable);
    if (address === undefined) {
      address = this.heap.allocate(4 * variable.size, purpose);
      this.variables.set(variable, address);
      if (variable.initial) this.memoryOf(variable).set(variable.initial);
    }
    return address;
  }

  private memoryOf(variable: Variable): TypedArray {
    const address = this.address(variable);
    const { buffer } = this.heap.memory;
    return variable.dtype === 'f32'
      ? new Float32Array(buffer, address, variable.size)
      : new Int32Array(buffer, address, variable.size);
  }
}
