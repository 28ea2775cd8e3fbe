import { NanobardError } from '../errors.ts';
import { compile } from '../program/compile.ts';
import { trace } from '../program/trace.ts';
import { Constant } from '../tensor/constant.ts';
import type { DType, TypedArray } from '../tensor/dtype.ts';
import type { Node } from '../tensor/operation.ts';
import type { Shape } from '../tensor/shape.ts';
import { Input, type Scalar, Tensor } from '../tensor/tensor.ts';
import type { Device, Executable } from './device.ts';

/** What a function that a device compiles may return: tensors, alone or in an array or object, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that only assigns returns nothing
export type Traced = Tensor | readonly Tensor[] | { readonly [name: string]: Tensor } | void;

/** The same with values in place of tensors; those of rank 0 are plain numbers. */
export type Values<R extends Traced> = R extends Scalar
  ? number
  : R extends Tensor
    ? Constant | number
    : R extends object
      ? { readonly [K in keyof R]: R[K] extends Scalar ? number : Constant | number }
      : undefined;

/** An argument of a compiled function. */
export type Argument = Constant | number;

/** A function that a device has compiled. Calling it runs it and gives back what it returns, as numbers. */
export interface CompiledFunction<R extends Traced> {
  (...args: Argument[]): Promise<Values<R>>;
  /** Runs without reading any result: nothing to wait for where the device is done at once. */
  run(...args: Argument[]): Promise<void> | void;
  /** What the last run returned; at once where the device has it at hand. */
  read(): Promise<Values<R>> | Values<R>;
  /** Traces and loads the function for arguments like these without running it; tells what a run costs. */
  load(...args: Argument[]): Promise<Executable>;
  /** Runs once, one instruction after another: the milliseconds of each, in the program's order. */
  profile(...args: Argument[]): Promise<readonly number[]>;
  /** Frees the programs. Variables stay on the device. */
  dispose(): void;
}

/** Where inputs get their values from, by name: for run number `run`, counted from 0. */
export type Sources = Readonly<Record<string, (run: number) => ArrayLike<number>>>;

/** `Device.compile`, the same on every device. */
export function compileOn<R extends Traced>(
  device: Device,
  fn: (...args: Tensor[]) => R,
  sources: Sources = {},
): CompiledFunction<R> {
  const traced = new TracedFunction(device, fn, sources);
  return Object.assign((...args: Argument[]) => traced.call(args), {
    run: (...args: Argument[]) => traced.run(args),
    read: () => traced.read(),
    load: (...args: Argument[]) => traced.load(args),
    profile: (...args: Argument[]) => traced.profile(args),
    dispose: () => traced.dispose(),
  });
}

/** The type of an argument: a number is an f32 scalar. */
interface Parameter {
  readonly shape: Shape;
  readonly dtype: DType;
}

type Data = TypedArray | Float64Array;

/** The function traced for arguments of certain types. */
interface Loaded<R> {
  readonly parameters: readonly Parameter[];
  readonly executable: Executable;
  /** Names of the inputs that the program really reads, by argument. */
  readonly arguments: readonly (string | undefined)[];
  readonly sources: Sources;
  /** The function's own result: where the values go. */
  readonly result: R;
  /** Its tensors by name, or index. */
  readonly outputs: readonly (readonly [name: string, tensor: Tensor])[];
}

const SCALAR: Parameter = { shape: [], dtype: 'f32' };

class TracedFunction<R extends Traced> {
  private readonly device: Device;
  private readonly fn: (...args: Tensor[]) => R;
  private readonly sources: Sources;
  private readonly versions: Loaded<R>[] = [];
  private current: Loaded<R> | undefined;
  private runs = 0;
  /** Calls follow one another, each with its result read before the next: the last of them. */
  private lastCall: Promise<void> | undefined;
  private disposed = false;

  constructor(device: Device, fn: (...args: Tensor[]) => R, sources: Sources) {
    this.device = device;
    this.fn = fn;
    this.sources = sources;
  }

  async call(args: readonly Argument[]): Promise<Values<R>> {
    const before = this.lastCall;
    let done = (): void => {};
    this.lastCall = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await before;
      await this.run(args);
      return await this.read();
    } finally {
      done();
    }
  }

  run(args: readonly Argument[]): Promise<void> | void {
    const loaded = this.version(args);
    return loaded ? this.start(loaded, args) : this.loadAndRun(args);
  }

  read(): Promise<Values<R>> | Values<R> {
    const { current } = this;
    if (!current) throw new NanobardError('argument', 'read: the compiled function has not run yet');
    const { executable, outputs } = current;
    const data = outputs.map(([name]) => executable.read(name));
    if (data.some((values) => values instanceof Promise))
      return Promise.all(data).then((values) => this.values(current, values));
    return this.values(current, data as Data[]);
  }

  /** The function's result with values in place of its tensors. */
  private values({ result, outputs }: Loaded<R>, data: readonly Data[]): Values<R> {
    const values: Record<string, Constant | number> = {};
    outputs.forEach(([name, { shape, dtype }], i) => {
      values[name] = shape.length === 0 ? data[i]![0]! : new Constant(data[i]!.slice(), shape, dtype);
    });
    if (result instanceof Tensor) return values[0] as Values<R>;
    if (Array.isArray(result)) return Object.values(values) as unknown as Values<R>;
    return (result && values) as Values<R>;
  }

  async load(args: readonly Argument[]): Promise<Executable> {
    return (this.version(args) ?? (await this.trace(args.map(parameterOf)))).executable;
  }

  async profile(args: readonly Argument[]): Promise<readonly number[]> {
    await this.load(args);
    const loaded = this.version(args)!;
    this.fill(loaded, args);
    return loaded.executable.profile();
  }

  dispose(): void {
    this.disposed = true;
    for (const { executable } of this.versions.splice(0)) executable.dispose();
    this.current = undefined;
  }

  private async loadAndRun(args: readonly Argument[]): Promise<void> {
    await this.load(args);
    await this.start(this.version(args)!, args);
  }

  private start(loaded: Loaded<R>, args: readonly Argument[]): Promise<void> | void {
    this.fill(loaded, args);
    this.current = loaded;
    return loaded.executable.run();
  }

  private fill({ executable, arguments: names, sources }: Loaded<R>, args: readonly Argument[]): void {
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (name === undefined) continue;
      const argument = args[i]!;
      const memory = executable.input(name);
      if (typeof argument === 'number') memory[0] = argument;
      else memory.set(argument.data);
    }
    for (const name in sources) executable.input(name).set(sources[name]!(this.runs));
    this.runs++;
  }

  /** The version for arguments like these, if there is one. */
  private version(args: readonly Argument[]): Loaded<R> | undefined {
    if (this.disposed) throw new NanobardError('device', 'the compiled function was disposed of');
    if (this.current && fits(this.current.parameters, args)) return this.current;
    return this.versions.find(({ parameters }) => fits(parameters, args));
  }

  private async trace(parameters: readonly Parameter[]): Promise<Loaded<R>> {
    const inputs = parameters.map(({ shape, dtype }, i) => new Input(`argument ${i}`, shape, dtype));
    const { result, assign } = trace(() => this.fn(...inputs));
    const outputs = Object.entries<Tensor>(result instanceof Tensor ? [result] : { ...result });
    const executable = await this.device.load(compile({ outputs: Object.fromEntries(outputs), assign }));
    const slots = new Set(executable.program.inputs.map(({ name }) => name));
    const values = [...outputs.map(([, tensor]) => tensor), ...assign.map(([, value]) => value)];
    const sources: Record<string, (run: number) => ArrayLike<number>> = {};
    for (const { name, source } of inputsOf(values)) {
      const chosen = this.sources[name] ?? source;
      if (chosen && slots.has(name)) sources[name] = chosen;
    }
    const loaded: Loaded<R> = {
      parameters,
      executable,
      arguments: inputs.map(({ name }) => (slots.has(name) ? name : undefined)),
      sources,
      result,
      outputs,
    };
    const open = [...slots].find((name) => !loaded.arguments.includes(name) && !(name in sources));
    if (open !== undefined) {
      executable.dispose();
      throw new NanobardError(
        'argument',
        `the compiled function reads the input ${open}, which nothing fills`,
        { hint: 'Pass it as an argument, or give the Input a source.' },
      );
    }
    this.versions.push(loaded);
    return loaded;
  }
}

function parameterOf(argument: Argument, i: number): Parameter {
  if (typeof argument === 'number') return SCALAR;
  if (argument instanceof Constant) return argument;
  throw new NanobardError(
    'argument',
    `argument ${i} of a compiled function is neither a tensor with values nor a number`,
    {
      hint: 'Make one with tensor(values), or with a batch of a Dataset.',
    },
  );
}

function fits(parameters: readonly Parameter[], args: readonly Argument[]): boolean {
  if (parameters.length !== args.length) return false;
  for (let i = 0; i < args.length; i++) {
    const { shape, dtype } = parameterOf(args[i]!, i);
    const known = parameters[i]!;
    if (known.dtype !== dtype || known.shape.length !== shape.length) return false;
    for (let d = 0; d < shape.length; d++) if (known.shape[d] !== shape[d]) return false;
  }
  return true;
}

/** Every input that these tensors depend on. */
function inputsOf(tensors: readonly Tensor[]): Input[] {
  const inputs = new Set<Input>();
  const seen = new Set<Node>();
  const stack = [...tensors];
  for (let tensor = stack.pop(); tensor; tensor = stack.pop()) {
    if (tensor instanceof Input) inputs.add(tensor);
    if (!tensor.node || seen.has(tensor.node)) continue;
    seen.add(tensor.node);
    stack.push(...tensor.node.inputs);
  }
  return [...inputs];
}
