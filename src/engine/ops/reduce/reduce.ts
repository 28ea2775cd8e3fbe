import { apply, type NoAttributes, type Operation, requireArray } from '../../tensor/operation.ts';
import { normalizeDim, type Shape, shapeError } from '../../tensor/shape.ts';
import type { Scalar, Tensor } from '../../tensor/tensor.ts';
import { div } from '../elementwise/elementwise.ts';
import { gradientOperation } from '../shared/gradient.ts';
import { requireFloat } from '../shared/operands.ts';
import { permute, reshape } from '../views/views.ts';
import { sumTo } from './broadcast.ts';

/** Dimensions; negative ones count from the end. */
type Dims = number | readonly number[];

export interface ReduceOptions {
  /** Keep the reduced dimensions, with extent 1, so that the result broadcasts against the input. */
  readonly keepDims?: boolean;
}

/** Sum over the dimensions `dims`; over all of them, to a scalar, by default. Negative ones count from the end. */
export function sum(x: Tensor): Scalar;
export function sum(x: Tensor, dims?: Dims, options?: ReduceOptions): Tensor;
export function sum(x: Tensor, dims?: Dims, options?: ReduceOptions): Tensor {
  return total('sum', x, dims, options);
}

/** Arithmetic mean over the dimensions `dims`; over all of them, to a scalar, by default. */
export function mean(x: Tensor): Scalar;
export function mean(x: Tensor, dims?: Dims, options?: ReduceOptions): Tensor;
export function mean(x: Tensor, dims?: Dims, options?: ReduceOptions): Tensor {
  const result = total('mean', x, dims, options);
  return div(result, x.size / result.size);
}

/**
 * The largest elements along one dimension. The gradient goes to the first of several that are equal.
 *
 * @throws {NanobardError} code `shape` if the dimension does not exist or has no elements.
 */
export function max(x: Tensor, dim: number, { keepDims = false }: ReduceOptions = {}): Tensor {
  requireFloat('max', x);
  const d = normalizeDim('max', dim, x.rank);
  if (x.shape[d] === 0) throw shapeError('max', `dimension ${dim} has no elements`, x.shape);
  const others = x.shape.map((_, i) => i).filter((i) => i !== d);
  const [largest] = apply(maxOperation, [permute(x, [...others, d])], {}); // of (…, n)
  return reshape(largest, keepDims ? x.shape.with(d, 1) : without(x.shape, new Set([d])));
}

function total(op: string, x: Tensor, dims?: Dims, { keepDims = false }: ReduceOptions = {}): Tensor {
  requireFloat(op, x);
  if (dims !== undefined && typeof dims !== 'number') requireArray(op, 'the dimensions', dims);
  const given = typeof dims === 'number' ? [dims] : (dims ?? x.shape.map((_, d) => d));
  const reduced = new Set(given.map((dim) => normalizeDim(op, dim, x.rank)));
  const kept = x.shape.map((extent, d) => (reduced.has(d) ? 1 : extent));
  const result = sumTo(x, kept);
  return keepDims ? result : reshape(result, without(x.shape, reduced));
}

function without(shape: Shape, dims: ReadonlySet<number>): Shape {
  return shape.filter((_, d) => !dims.has(d));
}

/** Along the last dimension, which is kept. */
export const maxOperation: Operation<[x: Tensor], [y: Tensor], NoAttributes> = {
  name: 'max',
  shape: ([x]) => [{ shape: x.shape.with(-1, 1), dtype: 'f32' }],
  flops: ({ inputs: [x] }) => x.size,
  gradient: ({ inputs: [x] }, [dy]) => apply(maxGradientOperation, [x, dy], {}),
};

/** dx is dy at the first largest element of each row, 0 elsewhere. */
export const maxGradientOperation = gradientOperation<[x: Tensor, dy: Tensor]>('max-gradient', 1);
