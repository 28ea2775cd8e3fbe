import { NanobardError } from '../errors.ts';
import type { DType, TypedArray } from './dtype.ts';
import { formatShape, type Shape, sizeOf } from './shape.ts';

/** What a call of an operation is parametrised by: plain data, so that programs can be stored. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Where the elements of a view lie in its input: strides and offset count elements. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * What an operation is, independent of devices: a name and the rules that the graph needs.
 * How it is computed stands beside it, in `<op>.reference.ts`, `<op>.cpu.ts` and `<op>.wasm.ts`.
 */
export interface Operation<A extends Attributes = Attributes> {
  readonly name: string;
  /**
   * Given the gradient of the loss with respect to each output (undefined where none arrives),
   * the gradient with respect to each input, as tensors of the input's shape.
   */
  gradient?(node: Node<A>, outputGradients: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[];
  /** Floating-point operations of one execution; by default one for each element of the first output. */
  flops?(node: Node<A>): number;
  /**
   * For operations that only look at the memory of input 0 differently: where output `index` lies; undefined
   * if that is not possible without a copy.
   */
  view?(node: Node<A>, input: Layout, index: number): Layout | undefined;
  /** Inputs that kernels take with arbitrary strides; all others are made contiguous first. */
  readonly strided?: readonly number[] | 'all';
  /** Inputs that kernels take with arbitrary strides as long as the last dimension is contiguous. */
  readonly stridedRows?: readonly number[];
  /** Output i may overwrite the storage of input `inPlace[i]` when that is a variable being assigned. */
  readonly inPlace?: readonly number[];
}

/** One application of an operation. Operations with several results make several tensors of one node. */
export class Node<A extends Attributes = Attributes> {
  private static count = 0;
  /** Increases in the order in which the graph is written. */
  readonly id = Node.count++;
  readonly operation: Operation<A>;
  readonly inputs: readonly Tensor[];
  readonly attributes: A;
  readonly outputs: readonly Tensor[];

  constructor(
    operation: Operation<A>,
    inputs: readonly Tensor[],
    attributes: A,
    outputs: readonly TensorType[],
  ) {
    this.operation = operation;
    this.inputs = inputs;
    this.attributes = attributes;
    this.outputs = outputs.map(
      (type, index) => new Tensor(type.shape, type.dtype, this as unknown as Node, index),
    );
  }
}

/**
 * A value in a graph: it has a shape and an element type but no memory. Tensors are made by the
 * functions of `ops/` and turned into numbers by a device.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** What computes this tensor; undefined for variables and inputs. */
  readonly node: Node | undefined;
  /** Which of the node's outputs this is. */
  readonly index: number;

  constructor(shape: Shape, dtype: DType, node?: Node, index = 0) {
    for (const extent of shape) {
      if (!Number.isInteger(extent) || extent < 0) {
        throw new NanobardError('shape', `a tensor cannot have the shape ${formatShape(shape)}`);
      }
    }
    this.shape = shape;
    this.dtype = dtype;
    this.node = node;
    this.index = index;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }
}

/** Applies an operation with one output. */
export function apply<A extends Attributes>(
  operation: Operation<A>,
  inputs: readonly Tensor[],
  attributes: A,
  shape: Shape,
  dtype: DType = 'f32',
): Tensor {
  return new Node(operation, inputs, attributes, [{ shape, dtype }]).outputs[0]!;
}

/**
 * Persistent memory on a device: a parameter, an optimizer moment, a KV cache. A device copies
 * `initial` (zeros if absent) the first time it meets the variable and keeps the truth from then on.
 */
export class Variable extends Tensor {
  /** For error messages and checkpoints; modules name their parameters by the path that leads to them. */
  name: string;
  readonly initial: TypedArray | undefined;

  constructor(shape: Shape, options: { name?: string; initial?: TypedArray; dtype?: DType } = {}) {
    super(shape, options.dtype ?? 'f32');
    this.name = options.name ?? 'variable';
    this.initial = options.initial;
    if (this.initial && this.initial.length !== this.size) {
      throw new NanobardError(
        'shape',
        `variable ${this.name}: ${this.initial.length} initial values do not fill the shape ${formatShape(shape)}`,
      );
    }
  }
}

/**
 * A named slot that is filled before each run: token ids, the learning rate, a position. Functions that a device
 * compiles fill those that have a `source` from it, at each run.
 */
export class Input extends Tensor {
  readonly name: string;
  /** Values for run number `run` of a compiled function, counted from 0. */
  readonly source: ((run: number) => ArrayLike<number>) | undefined;

  constructor(name: string, shape: Shape, dtype: DType = 'f32', source?: (run: number) => ArrayLike<number>) {
    super(shape, dtype);
    this.name = name;
    this.source = source;
  }
}

/** A tensor of rank 0: a loss, a norm. */
export type Scalar = Tensor & { readonly shape: readonly [] };
