import type { CompiledProgram, PlacedProgram } from '../program/program.ts';
import type { Constant } from '../tensor/constant.ts';
import type { TypedArray } from '../tensor/dtype.ts';
import type { Tensor, Variable } from '../tensor/tensor.ts';
import type { CompiledFunction, Sources, Traced } from './compiled-function.ts';

/**
 * Where programs run. Variables keep their values on a device between runs, shared by all its programs.
 * After `dispose`, everything that needs memory or threads fails with code `device`.
 */
export interface Device {
  readonly name: string;
  /** How many threads share the work. */
  readonly threads: number;
  /** What this host does not allow and what follows from it, a sentence each. */
  readonly notes: readonly string[];
  /** Bytes of memory that variables and loaded programs take. */
  readonly bytes: number;
  /** Makes a program ready to run. Fails with code `memory`, saying what is needed, if it cannot fit. */
  load(program: CompiledProgram): Promise<Executable>;
  /** Compiles and runs a one-off program: for lessons and tests. `inputs` fills the graph's inputs by name. */
  evaluate(tensor: Tensor, inputs?: Readonly<Record<string, ArrayLike<number>>>): Promise<Constant>;
  /**
   * Makes a function of tensors one of numbers. It is traced at its first call (and again for arguments of other
   * shapes): its arguments are the program's inputs, what it returns comes back as numbers, and what it assigns
   * (see `assign`, `Optimizer.minimize`) happens at each run.
   *
   * `sources` fill further inputs at each run, instead of their own sources.
   *
   *     const step = device.compile((x, y) => optimizer.minimize(model.loss(x, y)));
   *     const loss = await step(...batch);
   */
  compile<R extends Traced>(fn: (...args: Tensor[]) => R, sources?: Sources): CompiledFunction<R>;
  /** A copy of a variable's values; its initial ones if no program has used it yet. */
  read(variable: Variable): Promise<TypedArray>;
  write(variable: Variable, values: ArrayLike<number>): Promise<void>;
  /** Forgets variables that no loaded program uses any more, and frees their memory. */
  release(variables: Iterable<Variable>): void;
  /** Frees memory and stops threads. The device cannot be used afterwards. */
  dispose(): Promise<void>;
}

/** A program on a device. */
export interface Executable {
  readonly program: PlacedProgram;
  /** The memory of an input: write the values for the next run here. Ask anew before each run. */
  input(name: string): TypedArray | Float64Array;
  /** Computes outputs and assigns variables. A device may finish at once and return nothing to wait for. */
  run(): Promise<void> | void;
  /** Runs once, waiting after each instruction: the milliseconds of each, in the program's order. */
  profile(): Promise<readonly number[]>;
  /** An output of the last run, valid until the next; at once where it lies within reach. */
  read(name: string): Promise<TypedArray | Float64Array> | TypedArray | Float64Array;
  /** Frees the program's memory; variables stay. */
  dispose(): void;
}
