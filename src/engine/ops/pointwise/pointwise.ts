// Functions of one f32 tensor, element by element; each throws code `argument` for other types.
import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { div, mul, sub } from '../arithmetic/arithmetic.ts';
import { gradientOperation } from '../shared/gradient.ts';
import { requireFloat } from '../shared/operands.ts';

/** A function of one tensor, element by element. */
export type Pointwise = (x: Tensor) => Tensor;

export type PointwiseOperation = Operation<[x: Tensor], [y: Tensor], NoAttributes>;

/** (x, dy) → dx of a function whose gradient is a kernel of its own. */
export type PointwiseGradientOperation = Operation<[x: Tensor, dy: Tensor], [dx: Tensor], NoAttributes>;

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
  const operation: PointwiseGradientOperation = gradientOperation(name, flops);
  return (dy, x) => apply(operation, [x, dy], {})[0];
}
