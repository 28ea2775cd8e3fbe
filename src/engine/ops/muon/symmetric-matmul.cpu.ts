import { BLOCK, KC } from '../matmul/constants.ts';
import { edgeOf, pack } from '../matmul/matmul.cpu.ts';
import type { CpuKernel, CpuTape, CpuView } from '../shared/kernel.ts';
import type {
  PolynomialAttributes,
  symmetricMatmulOperation,
  symmetricPolynomialOperation,
} from './symmetric-matmul.ts';

/** c = γ · a · b + β · a + α · I */
function lower(tape: CpuTape, a: CpuView, b: CpuView, c: CpuView, terms: PolynomialAttributes): void {
  const [matrices, n, k] = a.shape as [number, number, number];
  const [matrixStride, rowStride, columnStride] = a.strides as [number, number, number];
  const packed = pack(tape, b, { extents: [1, 1, matrices], strides: [0, 0, b.strides[0]!] });
  const memory = { strips: tape.perThread(BLOCK * Math.min(k, KC)), edge: edgeOf(tape) };
  const strides = { matrixStride, rowStride, columnStride };
  tape.emit('symmetricMatmul', { a, packed, c, matrices, n, k, ...strides, ...terms, ...memory });
}

export const symmetricMatmulCpu: CpuKernel<typeof symmetricMatmulOperation> = {
  strided: 'all',
  lower: (tape, [a, b], [c]) => lower(tape, a, b, c, { alpha: 0, beta: 0, gamma: 1 }),
};

export const symmetricPolynomialCpu: CpuKernel<typeof symmetricPolynomialOperation> = {
  lower: (tape, [a], [c], terms) => lower(tape, a, a, c, terms),
};
