import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { div, mul, sub } from '../arithmetic/arithmetic.ts';
import { requireFloat } from '../shared/operands.ts';

// Functions of one f32 tensor, element by element; each throws code `argument` for other types.

/** −x */
export function neg(x: Tensor): Tensor {
  return map(negOperation, x);
}

/** eˣ */
export function exp(x: Tensor): Tensor {
  return map(expOperation, x);
}

/** The natural logarithm; −∞ at 0, NaN below. */
export function log(x: Tensor): Tensor {
  return map(logOperation, x);
}

/** √x; NaN below 0. */
export function sqrt(x: Tensor): Tensor {
  return map(sqrtOperation, x);
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return map(tanhOperation, x);
}

/** The rectified linear unit, max(x, 0). Its gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return map(reluOperation, x);
}

/** max(x, 0)². So et al., "Primer: Searching for Efficient Transformers for Language Modeling", 2021, §3. */
export function reluSquared(x: Tensor): Tensor {
  return map(reluSquaredOperation, x, 'reluSquared');
}

/** The logistic function, 1 / (1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  return map(sigmoidOperation, x);
}

/** x² */
export function square(x: Tensor): Tensor {
  return map(squareOperation, x);
}

type Pointwise = Operation<Record<string, never>>;

function map(operation: Pointwise, x: Tensor, name = operation.name): Tensor {
  requireFloat(name, x);
  return apply(operation, [x], {}, x.shape);
}

/** An operation y = f(x) from its cost for one element and its gradient, given dy, x and y. */
function pointwise(
  name: string,
  flops: number,
  gradient: (dy: Tensor, x: Tensor, y: Tensor) => Tensor,
): Pointwise {
  return {
    name,
    flops: (node) => flops * node.outputs[0]!.size,
    gradient: ({ inputs: [x], outputs: [y] }, [dy]) => [dy && gradient(dy, x!, y!)],
  };
}

export const negOperation = pointwise('neg', 1, (dy) => neg(dy));
export const expOperation = pointwise('exp', 20, (dy, _x, y) => mul(dy, y));
export const logOperation = pointwise('log', 25, (dy, x) => div(dy, x));
export const sqrtOperation = pointwise('sqrt', 5, (dy, _x, y) => div(dy, mul(2, y)));
export const tanhOperation = pointwise('tanh', 25, (dy, _x, y) => mul(dy, sub(1, square(y))));
export const reluOperation = pointwise('relu', 1, (dy, x) =>
  apply(reluGradientOperation, [x, dy], {}, x.shape),
);
export const reluSquaredOperation = pointwise('relu-squared', 2, (dy, x) =>
  apply(reluSquaredGradientOperation, [x, dy], {}, x.shape),
);
export const sigmoidOperation = pointwise('sigmoid', 25, (dy, _x, y) => mul(dy, mul(y, sub(1, y))));
export const squareOperation = pointwise('square', 1, (dy, x) => mul(dy, mul(2, x)));

/** (x, dy) → dy where x > 0, 0 elsewhere */
export const reluGradientOperation: Pointwise = { name: 'relu-gradient' };

/** (x, dy) → 2 · max(x, 0) · dy */
export const reluSquaredGradientOperation: Pointwise = {
  name: 'relu-squared-gradient',
  flops: (node) => 3 * node.outputs[0]!.size,
};
