import { NanobardError } from '../errors.ts';
import type { DType, TypedArray } from './dtype.ts';
import { formatTensor } from './format.ts';
import { formatShape, type Shape, sizeOf, stridesOf } from './shape.ts';
import { Tensor } from './tensor.ts';

/** Numbers in as many nested arrays as a tensor has dimensions. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** There the console takes an object's name from this property, if it is not a getter. */
const inBrowser = 'document' in globalThis || 'WorkerGlobalScope' in globalThis;

/**
 * A tensor whose values are known: what `tensor()` makes, what `Device.evaluate` gives back, and what functions
 * that a device compiles are called with. Printing one shows its shape and rounded rows, as PyTorch does.
 */
export class Constant extends Tensor {
  /** The values, row-major. From the reference device they are float64, elsewhere of the tensor's dtype. */
  readonly data: TypedArray | Float64Array;

  /** @throws {NanobardError} code `shape` if the values do not fill the shape. */
  constructor(data: TypedArray | Float64Array, shape: Shape = [data.length], dtype: DType = dtypeOf(data)) {
    super(shape, dtype);
    if (sizeOf(shape) !== data.length) {
      throw new NanobardError(
        'shape',
        `constant: ${data.length} values do not fill the shape ${formatShape(shape)}`,
      );
    }
    this.data = data;
    if (inBrowser) Object.defineProperty(this, Symbol.toStringTag, { value: this.toString() });
  }

  /**
   * The value of a tensor of one element.
   *
   * @throws {NanobardError} code `shape` if it has more or none.
   */
  item(): number {
    if (this.data.length === 1) return this.data[0]!;
    throw new NanobardError('shape', `item: the tensor ${formatShape(this.shape)} does not hold one value`);
  }

  /** The values as nested arrays; of a scalar the number itself. */
  toArray(): NestedNumbers {
    const strides = stridesOf(this.shape);
    const nest = (dim: number, offset: number): NestedNumbers =>
      dim === this.rank
        ? this.data[offset]!
        : Array.from({ length: this.shape[dim]! }, (_, i) => nest(dim + 1, offset + i * strides[dim]!));
    return nest(0, 0);
  }

  override toString(): string {
    return formatTensor(this);
  }

  /** What `console.log` shows in Node, Bun and Deno. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function dtypeOf(data: TypedArray | Float64Array): DType {
  return data instanceof Int32Array ? 'i32' : 'f32';
}
