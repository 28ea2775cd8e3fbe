// Functions of elements: of two tensors, of one, and of a tensor and a mask.
import { NanobardError } from '../../errors.ts';
import { Constant } from '../../tensor/constant.ts';
import type { DType } from '../../tensor/dtype.ts';
import { apply, type NoAttributes, type Operation, requireTensors } from '../../tensor/operation.ts';
import { broadcastShapes, formatShape, hasRank, sameShape, shapeError } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { gradientOperation } from '../shared/gradient.ts';
import { requireFloat, requireIntegers, requireNumbers } from '../shared/operands.ts';

/** A function of two tensors, element by element. */
export type Arithmetic = (a: Tensor | number, b: Tensor | number) => Tensor;

/** (a, b) → y, all of one shape; or (x, dy) → dx. */
export type ArithmeticOperation = Operation<[a: Tensor, b: Tensor], [y: Tensor], NoAttributes>;

// The gradient rules see operands that are stretched already; reducing is the matter of broadcastTo.

/**
 * a + b. Shapes broadcast by NumPy's rule: aligned at the end, missing dimensions and those of extent 1
 * repeat; a number is a scalar. Two i32 operands give i32.
 *
 * @throws {NanobardError} code `shape` if the shapes do not broadcast, `argument` if the types differ.
 */
export const add: Arithmetic = arithmetic('add', 'any dtype', (dy) => [dy, dy]);

/** a − b; f32, broadcasting as `add` does. */
export const sub: Arithmetic = arithmetic('sub', 'f32', (dy) => [dy, sub(0, dy)]);

/** a · b, element by element, broadcasting as `add` does. Two i32 operands give i32. */
export const mul: Arithmetic = arithmetic('mul', 'any dtype', (dy, a, b) => [mul(dy, b), mul(dy, a)]);

/** a / b, element by element; f32, broadcasting as `add` does. */
export const div: Arithmetic = arithmetic('div', 'f32', (dy, _a, b, y) => {
  const da = div(dy, b);
  return [da, sub(0, mul(da, y))]; // y = a / b:  db = −dy · y / b
});

/** The function that applies the operation `name`, given its gradient from dy, a, b and y. */
function arithmetic(
  name: string,
  dtypes: 'f32' | 'any dtype',
  gradient: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => [da: Tensor, db: Tensor],
): Arithmetic {
  const operation: ArithmeticOperation = {
    name,
    shape([a, b]) {
      if (dtypes === 'f32') requireFloat(name, a, b);
      if (a.dtype !== b.dtype)
        throw new NanobardError('argument', `${name}: cannot combine ${a.dtype} with ${b.dtype}`);
      return [a];
    },
    gradient: ({ inputs: [a, b], outputs: [y] }, [dy]) => gradient(dy, a, b, y),
  };
  const combine: Arithmetic = (left, right) => {
    const dtype = left instanceof Tensor ? left.dtype : right instanceof Tensor ? right.dtype : 'f32';
    const a = operand(name, left, dtype);
    const b = operand(name, right, dtype);
    const shape = broadcastShapes(name, a.shape, b.shape);
    return apply(operation, [broadcastTo(a, shape), broadcastTo(b, shape)], {})[0];
  };
  return Object.defineProperty(combine, 'name', { value: name });
}

/** Numbers become scalar constants. */
function operand(op: string, x: Tensor | number, dtype: DType): Tensor {
  if (typeof x !== 'number') {
    requireTensors(op, [x]);
    return x;
  }
  if (dtype === 'f32') return new Constant(Float32Array.of(x), []);
  if (!Number.isInteger(x))
    throw new NanobardError('argument', `${op}: cannot combine i32 with the fraction ${x}`);
  return new Constant(Int32Array.of(x), []);
}

// Functions of one f32 tensor, element by element; each throws code `argument` for other types.

/** A function of one tensor, element by element. */
export type Pointwise = (x: Tensor) => Tensor;

export type PointwiseOperation = Operation<[x: Tensor], [y: Tensor], NoAttributes>;

/** −x */
export const neg: Pointwise = pointwise('neg', 1, (dy) => neg(dy));

/** eˣ */
export const exp: Pointwise = pointwise('exp', 20, (dy, _x, y) => mul(dy, y));

/** The natural logarithm; −∞ at 0, NaN below. */
export const log: Pointwise = pointwise('log', 25, (dy, x) => div(dy, x));

/** √x; NaN below 0. */
export const sqrt: Pointwise = pointwise('sqrt', 5, (dy, _x, y) => div(dy, mul(2, y)));

/** The hyperbolic tangent. */
export const tanh: Pointwise = pointwise('tanh', 25, (dy, _x, y) => mul(dy, sub(1, square(y))));

/** The rectified linear unit, max(x, 0). Its gradient at 0 is 0. */
export const relu: Pointwise = pointwise('relu', 1, gradientKernel('relu-gradient', 1));

/** max(x, 0)². So et al., "Primer: Searching for Efficient Transformers for Language Modeling", 2021, §3. */
export const reluSquared: Pointwise = pointwise(
  'relu-squared',
  2,
  gradientKernel('relu-squared-gradient', 3),
);

/**
 * Gaussian error linear unit, x · Φ(x), exact (not the tanh approximation).
 * Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016.
 */
export const gelu: Pointwise = pointwise('gelu', 30, gradientKernel('gelu-gradient', 50));

/**
 * GELU as GPT-2 has it, approximated by tanh: x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))); up to 5e-4 from the exact.
 * Hendrycks & Gimpel, 2016, §2.
 */
export const geluTanh: Pointwise = pointwise('gelu-tanh', 30, gradientKernel('gelu-tanh-gradient', 50));

/** The logistic function, 1 / (1 + e⁻ˣ). */
export const sigmoid: Pointwise = pointwise('sigmoid', 25, (dy, _x, y) => mul(dy, mul(y, sub(1, y))));

/** x² */
export const square: Pointwise = pointwise('square', 1, (dy, x) => mul(dy, mul(2, x)));

/** The gradient with respect to x, given dy, x and y. */
type Gradient = (dy: Tensor, x: Tensor, y: Tensor) => Tensor;

/** The function that applies the operation `name`, which costs `flops` for each element. */
function pointwise(name: string, flops: number, gradient: Gradient): Pointwise {
  const label = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const operation: PointwiseOperation = {
    name,
    shape([x]) {
      requireFloat(label, x);
      return [x];
    },
    flops: ({ outputs: [y] }) => flops * y.size,
    gradient: ({ inputs: [x], outputs: [y] }, [dy]) => [gradient(dy, x, y)],
  };
  return Object.defineProperty((x: Tensor) => apply(operation, [x], {})[0], 'name', { value: label });
}

/** A gradient that the operation `name`, (x, dy) → dx, computes in one pass. */
function gradientKernel(name: string, flops: number): Gradient {
  const operation: ArithmeticOperation = gradientOperation(name, flops);
  return (dy, x) => apply(operation, [x, dy], {})[0];
}

/**
 * `x` with `value` (−Infinity is fine) wherever `mask`, an i32 tensor that broadcasts to the shape of `x`,
 * is not zero. The tutorial's `wei.masked_fill(tril[:T, :T] == 0, float('-inf'))` is
 * `maskedFill(wei, causalMask(T), -Infinity)`.
 *
 * @throws {NanobardError} code `shape` if the mask does not broadcast to `x`, `argument` if it is not i32 or
 *   `value` not a number.
 */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  requireFloat('maskedFill', x);
  if (mask?.dtype !== 'i32') requireIntegers('maskedFill', { 'the mask': mask });
  if (typeof value !== 'number') requireNumbers('maskedFill', 'a finite number', { value });
  if (!sameShape(broadcastShapes('maskedFill', mask.shape, x.shape), x.shape)) {
    const problem = `a mask ${formatShape(mask.shape)} is larger than the tensor ${formatShape(x.shape)}`;
    throw shapeError('maskedFill', problem);
  }
  return apply(maskedFillOperation, [x, broadcastTo(mask, x.shape)], { value })[0];
}

/**
 * What lies in the future: an i32 mask (T, T) that is 1 where the key (column) comes after the query (row).
 *
 * @throws {NanobardError} code `argument` if `T` is not a natural number.
 */
export function causalMask(T: number): Tensor {
  requireNumbers('causalMask', 'an integer from 0 to 2^31 − 1', { T });
  return upperTriangle(T, T);
}

/**
 * The lower triangle of a matrix, or of each matrix of (…, M, N): what lies above the diagonal becomes 0, as in
 * torch.tril. The tutorial's averaging weights are `wei = tril(ones([T, T]))`,
 * `div(wei, sum(wei, 1, { keepDims: true }))`.
 *
 * @throws {NanobardError} code `shape` if `x` is not at least a matrix.
 */
export function tril(x: Tensor): Tensor {
  requireFloat('tril', x);
  const matrix = x.shape.slice(-2);
  if (!hasRank(matrix, 2)) throw shapeError('tril', 'x must be at least a matrix', x.shape);
  return maskedFill(x, upperTriangle(matrix[0], matrix[1]), 0);
}

/** 1 above the diagonal, 0 elsewhere. */
function upperTriangle(rows: number, columns: number): Tensor {
  const above = (_: unknown, i: number): number => (i % columns > Math.floor(i / columns) ? 1 : 0);
  return new Constant(Int32Array.from({ length: rows * columns }, above), [rows, columns]);
}

export const maskedFillOperation: Operation<
  [x: Tensor, mask: Tensor],
  [y: Tensor],
  { readonly value: number }
> = {
  name: 'masked-fill',
  shape: ([x]) => [x],
  gradient: ({ inputs: [, mask] }, [dy]) => [maskedFill(dy, mask, 0)],
};
