import { sizeOf } from '../../tensor/index.ts';
import { bitsOf, each, type GpuView, type WebGpuKernel, type WebGpuTape } from '../shared/webgpu.ts';
import type { concatOperation, contiguousOperation, padOperation } from './views.ts';

export function copy(tape: WebGpuTape, x: GpuView, y: GpuView): void {
  const N = sizeOf(y.shape);
  tape.emit('contiguous', { operands: { x, y }, indices: { x }, constants: { N }, ...each(N) });
}

export function fillZero(tape: WebGpuTape, y: GpuView): void {
  const N = sizeOf(y.shape);
  tape.emit('fillZero', { operands: { y }, constants: { N }, ...each(N) });
}

export const contiguousWebGpu: WebGpuKernel<typeof contiguousOperation> = {
  strided: 'all',
  lower: (tape, [x], [y]) => copy(tape, x, y),
};

export const padWebGpu: WebGpuKernel<typeof padOperation> = {
  lower(tape, [x], [y], { dim, before, value }) {
    const inner = sizeOf(x.shape.slice(dim + 1));
    const N = sizeOf(y.shape);
    const extents = { WIDTH: y.shape[dim]! * inner, LENGTH: x.shape[dim]! * inner, BEFORE: before * inner };
    const constants = { N, ...extents, VALUE_BITS: bitsOf(value, x.dtype) };
    tape.emit('pad', { operands: { x, y }, constants, ...each(N) });
  },
};

export const concatWebGpu: WebGpuKernel<typeof concatOperation> = {
  lower(tape, inputs, [y], { dim }) {
    const WIDTH = sizeOf(y.shape.slice(dim));
    let START = 0;
    for (const x of inputs) {
      const [N, LENGTH] = [sizeOf(x.shape), sizeOf(x.shape.slice(dim))];
      tape.emit('concat', { operands: { x, y }, constants: { N, LENGTH, WIDTH, START }, ...each(N) });
      START += LENGTH;
    }
  },
};
