import { sizeOf } from '../../tensor/shape.ts';
import type { CpuKernel, CpuView, KernelArguments, KernelName } from '../shared/kernel.ts';
import { nests } from '../shared/strided.ts';
import type { ArithmeticOperation, maskedFillOperation, PointwiseOperation } from './elementwise.ts';

/** The kernels that take the arguments of `K`. */
type Like<K extends KernelName> = {
  [N in KernelName]: KernelArguments<K> extends KernelArguments<N> ? N : never;
}[KernelName];

/** Elements that are worth a piece of their own. */
const PIECE = 32 * 1024;

/** A kernel of a function of one tensor: `map` of loops.wasm.ts. */
export const map = (kernel: Like<'neg'>): CpuKernel<PointwiseOperation> => ({
  lower: (tape, [x], [y]) => tape.emit(kernel, { x, y, n: sizeOf(x.shape) }, sizeOf(x.shape) / PIECE),
});

/** A kernel of such a function's gradient: `mapGradient`. */
export const mapGradient = (kernel: Like<'reluGradient'>): CpuKernel<ArithmeticOperation> => ({
  lower: (tape, [x, dy], [dx]) =>
    tape.emit(kernel, { x, dy, dx, n: sizeOf(x.shape) }, sizeOf(x.shape) / PIECE),
});

/** A kernel of a function of two tensors of any strides: `combine`. */
const combine = (kernel: Like<'add'>, ofIntegers = kernel): CpuKernel<ArithmeticOperation> => ({
  strided: 'all',
  lower(tape, [a, b], [y]) {
    for (const loop of loops(a, b, y)) tape.emit(y.dtype === 'f32' ? kernel : ofIntegers, loop);
  },
});

/** The arguments of `combine`, as often as it is to be called: a and b have y's shape. */
function loops(a: CpuView, b: CpuView, y: CpuView): KernelArguments<'add'>[] {
  return nests([a, b, y], 4).map(({ addresses, extents, strides }) => ({
    a: addresses[0],
    b: addresses[1],
    y: addresses[2],
    extents,
    stridesA: strides[0],
    stridesB: strides[1],
  }));
}

export const arithmeticCpuKernels = {
  add: combine('add', 'addIntegers'),
  sub: combine('sub'),
  mul: combine('mul', 'mulIntegers'),
  div: combine('div'),
};

export const maskedFillCpu: CpuKernel<typeof maskedFillOperation> = {
  strided: 'all',
  lower(tape, [x, mask], [y], { value }) {
    for (const loop of loops(x, mask, y)) tape.emit('maskedFill', { ...loop, value });
  },
};
