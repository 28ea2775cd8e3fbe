import { NanobardError } from '../../errors.ts';
import { Constant, type NestedNumbers } from '../../tensor/constant.ts';
import { type DType, type TypedArray, typedArray } from '../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { checkType, type Tensor } from '../../tensor/tensor.ts';
import { add } from '../elementwise/elementwise.ts';
import { requireNumbers, requirePosition } from '../shared/operands.ts';
import { reshape } from '../views/views.ts';

/**
 * A tensor with fixed values, row-major; `shape` defaults to one dimension.
 *
 * @throws {NanobardError} code `shape` if the values do not fill the shape, `argument` if they are not a Float32Array
 *   or Int32Array.
 */
export function constant(data: TypedArray, shape?: Shape): Constant {
  if (!(data instanceof Float32Array || data instanceof Int32Array)) {
    throw new NanobardError('argument', 'constant: the values must be a Float32Array or an Int32Array', {
      hint: 'Make one of nested arrays with tensor(values).',
    });
  }
  return new Constant(data, shape);
}

/** A scalar constant, f32. */
export function scalar(value: number): Constant {
  if (typeof value !== 'number') requireNumbers('scalar', 'a finite number', { value });
  return constant(Float32Array.of(value), []);
}

/**
 * A tensor of the numbers in nested arrays: `tensor([[1, 2], [3, 4]])` has the shape (2, 2), `tensor(5)` is a scalar.
 * `dtype` is f32 by default, also for whole numbers, which JavaScript does not tell from others; token ids, targets
 * and positions are i32.
 *
 * @throws {NanobardError} code `shape` if arrays side by side differ in length, `argument` if there is something else
 *   than numbers in them or i32 is asked for and one is not a 32-bit integer.
 */
export function tensor(values: NestedNumbers | Constant, dtype: DType = 'f32'): Constant {
  if (values instanceof Constant) return values;
  checkType([], dtype);
  const shape: number[] = [];
  for (let head = values; Array.isArray(head); head = head[0]) shape.push(head.length);
  const flat: number[] = [];
  collect(values, shape, '', flat);
  const data = typedArray(dtype, flat.length);
  data.set(flat);
  const wrong = dtype === 'i32' ? flat.findIndex((value, i) => value !== data[i]) : -1;
  if (wrong >= 0)
    throw new NanobardError('argument', `tensor: ${flat[wrong]} is not an integer of 32 bits, as i32 needs`);
  return new Constant(data, shape);
}

/** Zeros of a shape, such as `zeros([2, 3])`. */
export function zeros(shape: Shape, dtype: DType = 'f32'): Constant {
  return filled(shape, 0, dtype);
}

/** Ones of a shape, such as `ones([2, 3])`. */
export function ones(shape: Shape, dtype: DType = 'f32'): Constant {
  return filled(shape, 1, dtype);
}

function filled(shape: Shape, value: number, dtype: DType): Constant {
  checkType(shape, dtype);
  return new Constant(typedArray(dtype, sizeOf(shape)).fill(value), shape);
}

/** Appends the numbers of nested arrays of this shape to `flat`; `path` leads to these values. */
function collect(values: NestedNumbers, [extent, ...inner]: Shape, path: string, flat: number[]): void {
  const where = `values${path}`;
  if (typeof values !== 'number' && !Array.isArray(values)) {
    throw new NanobardError('argument', `tensor: ${where} is neither a number nor an array: ${values}`, {
      hint: 'Typed arrays go through constant(data, shape).',
    });
  }
  const length = Array.isArray(values) ? values.length : undefined;
  if (length !== extent) {
    const problem = `${where} ${length === undefined ? 'is a number' : `has ${length} elements`}`;
    const beside = extent === undefined ? 'numbers' : `arrays of ${extent}`;
    throw new NanobardError('shape', `tensor: ${problem}, where the others are ${beside}`);
  }
  if (Array.isArray(values)) values.forEach((value, i) => void collect(value, inner, `${path}[${i}]`, flat));
  else flat.push(values as number);
}

/**
 * The i32 numbers start, start + 1, … (length). `start` is an i32 scalar, such as an `Input` that tells
 * how far a sequence has come, so that positions move from run to run, or one for each of B sequences (B), which gives
 * (B, length); 0 by default.
 *
 * @throws {NanobardError} code `argument` if `length` is not a natural number or `start` is neither.
 */
export function arange(length: number, start?: Tensor): Tensor {
  requireNumbers('arange', 'an integer from 0 to 2^31 − 1', { length });
  const numbers = new Constant(Int32Array.from({ length }, (_, i) => i));
  if (start === undefined) return numbers;
  requirePosition('arange', 'start', start);
  return add(numbers, reshape(start, [...start.shape, 1]));
}
