import { NanobardError } from '../../errors.ts';
import { Constant } from '../../tensor/constant.ts';
import type { DType } from '../../tensor/dtype.ts';
import { apply, type NoAttributes, type Operation, requireTensors } from '../../tensor/operation.ts';
import { broadcastShapes } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { broadcastTo } from '../reduce/broadcast.ts';
import { requireFloat } from '../shared/operands.ts';

/** A function of two tensors, element by element. */
export type Arithmetic = (a: Tensor | number, b: Tensor | number) => Tensor;

/** (a, b) → y, all of one shape. */
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
