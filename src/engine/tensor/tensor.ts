import { NanobardError } from '../errors.ts';
import type { DType, TypedArray } from './dtype.ts';
import type { Node } from './operation.ts';
import { formatShape, type Shape, sizeOf } from './shape.ts';

/** Fails with code `shape` or `argument` unless a tensor can have this shape and dtype; only a variable, a matrix, can be q8. */
export function checkType(shape: Shape, dtype: DType, variable = false): void {
  const extents: readonly unknown[] = Array.isArray(shape) ? shape : [undefined];
  if (!extents.every((extent) => Number.isInteger(extent) && Number(extent) >= 0)) {
    const given = Array.isArray(shape) ? formatShape(shape) : String(shape);
    throw new NanobardError('shape', `a tensor cannot have the shape ${given}`, {
      hint: 'A shape is an array of whole numbers, such as [2, 3]; [] is a scalar.',
    });
  }
  if (dtype === 'q8' && variable && shape.length === 2) return;
  if (dtype === 'f32' || dtype === 'i32') return;
  const matrices = 'Only matrices of weights are kept in 8 bits; read() of their device gives them as f32.';
  const message = `a tensor cannot have the dtype ${dtype}; choose f32 or i32`;
  throw new NanobardError('argument', message, dtype === 'q8' ? { hint: matrices } : {});
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
    checkType(shape, dtype, this instanceof Variable);
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

/** How a device may keep the values of a variable, whose dtype is then q8: in fewer words. */
export interface Storage {
  readonly words: (variable: Variable) => number;
  readonly encode: (variable: Variable, values: ArrayLike<number>) => TypedArray;
  readonly decode: (variable: Variable, words: TypedArray) => TypedArray;
}

/**
 * Persistent memory on a device: a parameter, an optimizer moment, a KV cache. A device copies
 * `initial` (zeros if absent) the first time it meets the variable and keeps the truth from then on.
 */
export class Variable extends Tensor {
  /** For error messages and checkpoints; modules name their parameters by the path that leads to them. */
  name: string;
  initial: TypedArray | undefined;
  readonly storage: Storage | undefined;

  constructor(
    shape: Shape,
    options: { name?: string; initial?: TypedArray; dtype?: DType; storage?: Storage } = {},
  ) {
    super(shape, options.storage ? 'q8' : (options.dtype ?? 'f32'));
    if (!options.storage) checkType(shape, this.dtype);
    this.storage = options.storage;
    this.name = options.name ?? 'variable';
    this.initial = options.initial;
    if (this.initial) this.requireSize(this.initial);
  }

  /** Fails with code `shape` unless there are as many values as the variable holds. */
  requireSize({ length }: ArrayLike<number>): void {
    if (length === this.size) return;
    throw new NanobardError(
      'shape',
      `variable ${this.name} holds ${this.size} values, not ${length}: its shape is ${formatShape(this.shape)}`,
    );
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
