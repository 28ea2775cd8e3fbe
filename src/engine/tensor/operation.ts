import { NanobardError } from '../errors.ts';
import type { DType } from './dtype.ts';
import type { Shape } from './shape.ts';
import { Tensor } from './tensor.ts';

/** What a call of an operation is parametrised by: plain data, so that programs can be stored. */
export type Attributes = Readonly<Record<string, unknown>>;

/** The attributes of an operation that has none. */
export type NoAttributes = Readonly<Record<string, never>>;

/** Operands or results: a labelled tuple of tensors, the last of which may be optional or repeat. */
export type Tensors = readonly (Tensor | undefined)[];

/** `T` with another type in the place of each tensor: labels, optional ones and repetition stay. */
export type InPlaceOf<T extends Tensors, U> = { [K in keyof T]: U | Extract<T[K], undefined> };

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Where the elements of a view lie in its input: strides and offset count elements. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/**
 * The gradients that reach an operation's results. One of several results may have none; a single one has, since
 * the gradient is not asked for otherwise.
 */
export type GradientsOf<O extends Tensors> = O extends readonly [Tensor]
  ? InPlaceOf<O, Tensor>
  : InPlaceOf<O, Tensor | undefined>;

/** What one application of an operation reads, makes and is parametrised by. */
export interface Call<I extends Tensors, O extends Tensors, A extends Attributes> {
  readonly inputs: I;
  readonly outputs: O;
  readonly attributes: A;
}

/**
 * What an operation is, independent of devices: its name, its operands `I`, results `O` and attributes `A`, and
 * the rules that the graph needs. How it is computed stands beside it, in `<op>.reference.ts`, `<op>.cpu.ts` and
 * `<op>.wasm.ts`.
 */
export interface Operation<
  I extends Tensors = Tensors,
  O extends Tensors = Tensors,
  A extends Attributes = Attributes,
> {
  readonly name: string;
  /**
   * The types of the results.
   *
   * @throws {NanobardError} code `shape` or `argument` if the operands do not fit.
   */
  shape(inputs: I, attributes: A): InPlaceOf<O, TensorType>;
  /**
   * Given the gradient of the loss with respect to each result, the gradient with respect to each operand, of the
   * operand's shape; undefined or left out at the end where there is none.
   */
  gradient?(call: Call<I, O, A>, gradients: GradientsOf<O>): Tensors;
  /** Floating-point operations of one execution; by default one for each element of the first result. */
  flops?(call: Call<I, O, A>): number;
  /**
   * For operations that only look at the memory of operand 0 differently: where the elements of `result` lie in it;
   * undefined if that is not possible without a copy.
   */
  view?(call: Call<I, O, A>, input: Layout, result: Tensor): Omit<Layout, 'shape'> | undefined;
  /**
   * For operations that draw random numbers: the attribute that tells apart the places in a model where it is
   * done. `compile` numbers them in order of appearance, so that the same model draws the same numbers.
   */
  readonly site?: keyof A & string;
}

/** One application of an operation, in the graph. */
export class Node implements Call<readonly Tensor[], readonly Tensor[], Attributes> {
  private static count = 0;
  /** Increases in the order in which the graph is written. */
  readonly id = Node.count++;
  readonly operation: Operation;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];

  constructor(operation: Operation, inputs: Tensors, attributes: Attributes) {
    this.operation = operation;
    this.inputs = inputs.filter((input) => input !== undefined); // only the last may be left out
    this.attributes = attributes;
    this.outputs = operation
      .shape(this.inputs, attributes)
      .flatMap((type, index) => (type ? new Tensor(type.shape, type.dtype, this, index) : []));
  }
}

/** The call of `operation` that computes `tensor`; undefined if another one does. */
export function callOf<I extends Tensors, O extends Tensors, A extends Attributes>(
  operation: Operation<I, O, A>,
  { node }: Tensor,
): Call<I, O, A> | undefined {
  return node?.operation === operation
    ? (node as Call<Tensors, Tensors, Attributes> as Call<I, O, A>)
    : undefined;
}

/** Applies an operation: its results. */
export function apply<I extends Tensors, O extends Tensors, A extends Attributes>(
  operation: Operation<I, O, A>,
  inputs: I,
  attributes: A,
): O {
  // There are as many results as the shape rule, which is of type O, gives.
  return new Node(operation, inputs, attributes).outputs as readonly (Tensor | undefined)[] as O;
}

/** Fails with code `argument` unless all operands of the operation `op` are tensors, as those of JavaScript may not be. */
export function requireTensors(op: string, operands: readonly unknown[]): void {
  requireArray(op, 'the tensors', operands);
  for (const operand of operands) {
    if (operand instanceof Tensor) continue;
    throw new NanobardError('argument', `${op}: an operand is ${describe(operand)}, not a tensor`, {
      hint: 'Make one of numbers with tensor(values).',
    });
  }
}

/** Fails with code `argument` unless `value` is an array. */
export function requireArray(op: string, name: string, value: unknown): void {
  if (Array.isArray(value)) return;
  throw new NanobardError('argument', `${op}: ${name} must be in an array, not ${describe(value)}`);
}

function describe(value: unknown): string {
  return typeof value === 'object' && value ? `an object (${value.constructor?.name})` : String(value);
}
