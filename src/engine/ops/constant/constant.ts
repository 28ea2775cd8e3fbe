import { NanobardError } from '../../errors.ts';
import type { TypedArray } from '../../tensor/dtype.ts';
import { formatShape, type Shape, sizeOf } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';

/** Data that is part of the program. It never reaches a device as an instruction. */
export const constantOperation: Operation<{ data: TypedArray }> = { name: 'constant' };

/** A tensor with fixed values, row-major; `shape` defaults to one dimension. */
export function constant(data: TypedArray, shape: Shape = [data.length]): Tensor {
  if (sizeOf(shape) !== data.length) {
    throw new NanobardError(
      'shape',
      `constant: ${data.length} values do not fill the shape ${formatShape(shape)}`,
    );
  }
  return apply(constantOperation, [], { data }, shape, data instanceof Int32Array ? 'i32' : 'f32');
}

/** A scalar constant. */
export function scalar(value: number): Tensor {
  return constant(Float32Array.of(value), []);
}
