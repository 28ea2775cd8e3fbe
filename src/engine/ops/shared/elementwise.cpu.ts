import type { NoAttributes, Operation } from '../../tensor/operation.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { CpuKernel, CpuView, KernelArguments, KernelName } from './kernel.ts';
import { nests } from './strided.ts';

/** The kernels that take the arguments of `K`. */
type Like<K extends KernelName> = {
  [N in KernelName]: KernelArguments<N> extends KernelArguments<K>
    ? KernelArguments<K> extends KernelArguments<N>
      ? N
      : never
    : never;
}[KernelName];

/** A kernel of a function of one tensor: `map` of elementwise.wasm.ts. */
export const map = (
  kernel: Like<'neg'>,
): CpuKernel<Operation<readonly [x: Tensor], readonly [y: Tensor], NoAttributes>> => ({
  lower: (tape, [x], [y]) => tape.emit(kernel, { x, y, n: sizeOf(x.shape) }),
});

/** A kernel of such a function's gradient: `mapGradient`. */
export const mapGradient = (
  kernel: Like<'reluGradient'>,
): CpuKernel<Operation<readonly [x: Tensor, dy: Tensor], readonly [dx: Tensor], NoAttributes>> => ({
  lower: (tape, [x, dy], [dx]) => tape.emit(kernel, { x, dy, dx, n: sizeOf(x.shape) }),
});

/** A kernel of a function of two tensors of any strides: `combine`. */
export const combine = (
  kernel: Like<'add'>,
  ofIntegers = kernel,
): CpuKernel<Operation<readonly [a: Tensor, b: Tensor], readonly [y: Tensor], NoAttributes>> => ({
  strided: 'all',
  lower(tape, [a, b], [y]) {
    for (const loop of loops(a, b, y)) tape.emit(y.dtype === 'f32' ? kernel : ofIntegers, loop);
  },
});

/** The arguments of `combine`, as often as it is to be called: a and b have y's shape. */
export function loops(a: CpuView, b: CpuView, y: CpuView): KernelArguments<'add'>[] {
  return nests([a, b, y], 4).map(({ addresses, extents, strides }) => ({
    a: addresses[0],
    b: addresses[1],
    y: addresses[2],
    extents,
    stridesA: strides[0],
    stridesB: strides[1],
  }));
}
