import { compile } from '../program/compile.ts';
import type { CompiledProgram, PlacedProgram } from '../program/program.ts';
import { Constant, type Tensor, type TypedArray, type Variable } from '../tensor/index.ts';
import { type CompiledFunction, compileOn, type Sources, type Traced } from './compiled-function.ts';
import { fillInputs } from './evaluate.ts';
import type { LossScale } from './loss-scale.ts';

/** How activations and their gradients are stored; weights, sums and all else are f32. */
export type Precision = 'f32' | 'f16';

/**
 * Where programs run. Variables keep their values on a device between runs, shared by all its programs.
 * After `dispose`, everything that needs memory or threads fails with code `device`.
 */
export abstract class Device {
  abstract readonly name: string;
  /** How activations and their gradients are stored. */
  readonly dtype: Precision = 'f32';
  /** Makes what a training needs where these are f16. */
  readonly newLossScale: (() => LossScale) | undefined = undefined;
  /** How many threads share the work. */
  abstract readonly threads: number;
  /** What this host does not allow and what follows, how numbers are stored, why `auto` chose this device: a sentence each. */
  abstract readonly notes: readonly string[];
  /** Bytes of memory that variables and loaded programs take. */
  abstract readonly bytes: number;
  /** Makes a program ready to run. Fails with code `memory`, saying what is needed, if it cannot fit. */
  abstract load(program: CompiledProgram): Promise<Executable>;
  /** Compiles and runs a one-off program: for lessons and tests. `inputs` fills the graph's inputs by name. */
  async evaluate(
    tensor: Tensor,
    inputs: Readonly<Record<string, ArrayLike<number>>> = {},
  ): Promise<Constant> {
    const executable = await this.load(compile({ outputs: { value: tensor } }));
    try {
      fillInputs(executable, inputs);
      await executable.run();
      return new Constant((await executable.read('value')).slice(), tensor.shape, tensor.dtype);
    } finally {
      executable.dispose();
    }
  }

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
  compile<R extends Traced>(fn: (...args: Tensor[]) => R, sources?: Sources): CompiledFunction<R> {
    return compileOn(this, fn, sources);
  }

  /** A copy of a variable's values; its initial ones if no program has used it yet. */
  abstract read(variable: Variable): Promise<TypedArray>;
  /** The same where they lie, if that is within reach: they hold until the next program runs or is loaded. */
  view(variable: Variable): Promise<TypedArray> {
    return this.read(variable);
  }
  abstract write(variable: Variable, values: ArrayLike<number>): Promise<void>;
  /**
   * Lets `change` alter values of variables while no program runs: in the device's own memory, if that is within reach.
   * It is given an array for each variable. See `neighbours`.
   */
  async alter(
    variables: readonly Variable[],
    change: (values: readonly TypedArray[]) => Promise<void> | void,
  ): Promise<void> {
    const values = await Promise.all(variables.map((variable) => this.read(variable)));
    await change(values);
    for (const [i, variable] of variables.entries()) await this.write(variable, values[i]!);
  }

  /** Forgets variables that no loaded program uses any more, and frees their memory. */
  abstract release(variables: Iterable<Variable>): void;
  /** Frees memory and stops threads. The device cannot be used afterwards. */
  abstract dispose(): Promise<void>;
}

/** A program on a device. */
export interface Executable {
  readonly program: PlacedProgram;
  /** The memory of an input: write the values for the next run here. Ask anew before each run. */
  input(name: string): TypedArray | Float64Array;
  /** Computes outputs and assigns variables. A device may finish at once and return nothing to wait for. */
  run(): Promise<void> | void;
  /**
   * From now on each run calls `call` on this thread between instructions, from the first that completes a variable on:
   * with the variables that this one has, which is those that the run has written and touches no more. Undefined where
   * programs do not run on this thread.
   */
  pause?(call: (completed: readonly Variable[]) => void): void;
  /** Runs once, waiting after each instruction: the milliseconds of each, in the program's order. */
  profile(): Promise<readonly number[]>;
  /** An output of the last run: at once where it lies within reach, valid until the next; or a promise of a copy. */
  read(name: string): Promise<TypedArray | Float64Array> | TypedArray | Float64Array;
  /** Frees the program's memory; variables stay. */
  dispose(): void;
}
