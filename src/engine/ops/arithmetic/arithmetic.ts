import { NanobardError } from '../../errors.ts';
import type { DType } from '../../tensor/dtype.ts';
import { broadcastShapes } from '../../tensor/shape.ts';
import { apply, type Operation, Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { requireFloat } from '../shared/operands.ts';

/**
 * a + b. Shapes broadcast by NumPy's rule: aligned at the end, missing dimensions and those of extent 1
 * repeat; a number is a scalar. Two i32 operands give i32.
 *
 * @throws {NanobardError} code `shape` if the shapes do not broadcast, `argument` if the types differ.
 */
export function add(a: Tensor | number, b: Tensor | number): Tensor {
  return combine(addOperation, a, b);
}

/** a − b; f32, broadcasting as `add` does. */
export function sub(a: Tensor | number, b: Tensor | number): Tensor {
  return combine(subOperation, a, b);
}

/** a · b, element by element, broadcasting as `add` does. Two i32 operands give i32. */
export function mul(a: Tensor | number, b: Tensor | number): Tensor {
  return combine(mulOperation, a, b);
}

/** a / b, element by element; f32, broadcasting as `add` does. */
export function div(a: Tensor | number, b: Tensor | number): Tensor {
  return combine(divOperation, a, b);
}

type Arithmetic = Operation<Record<string, never>>;

function combine(operation: Arithmetic, left: Tensor | number, right: Tensor | number): Tensor {
  const op = operation.name;
  const dtype = left instanceof Tensor ? left.dtype : right instanceof Tensor ? right.dtype : 'f32';
  const a = operand(op, left, dtype);
  const b = operand(op, right, dtype);
  if (operation !== addOperation && operation !== mulOperation) requireFloat(op, a, b);
  if (a.dtype !== b.dtype)
    throw new NanobardError('argument', `${op}: cannot combine ${a.dtype} with ${b.dtype}`);
  const shape = broadcastShapes(op, a.shape, b.shape);
  return apply(operation, [broadcastTo(a, shape), broadcastTo(b, shape)], {}, shape, dtype);
}

/** Numbers become scalar constants. */
function operand(op: string, x: Tensor | number, dtype: DType): Tensor {
  if (x instanceof Tensor) return x;
  if (dtype === 'f32') return constant(Float32Array.of(x), []);
  if (!Number.isInteger(x))
    throw new NanobardError('argument', `${op}: cannot combine i32 with the fraction ${x}`);
  return constant(Int32Array.of(x), []);
}

// The gradient rules see operands that are stretched already; reducing is the matter of broadcastTo.

export const addOperation: Arithmetic = {
  name: 'add',
  strided: 'all',
  gradient: (_node, [gradient]) => [gradient, gradient],
};

export const subOperation: Arithmetic = {
  name: 'sub',
  strided: 'all',
  gradient: (_node, [gradient]) => [gradient, gradient && sub(0, gradient)],
};

export const mulOperation: Arithmetic = {
  name: 'mul',
  strided: 'all',
  gradient: ({ inputs: [a, b] }, [gradient]) => [
    gradient && mul(gradient, b!),
    gradient && mul(gradient, a!),
  ],
};

/** y = a / b:  da = dy / b, db = −dy · y / b */
export const divOperation: Arithmetic = {
  name: 'div',
  strided: 'all',
  gradient: ({ inputs: [, b], outputs: [y] }, [gradient]) => {
    if (!gradient) return [];
    const da = div(gradient, b!);
    return [da, sub(0, mul(da, y!))];
  },
};
