import { KC } from '../matmul/blocks.wasm.ts';
import { edgeBytes } from '../matmul/matmul.cpu.ts';
import { type CpuLowering, type CpuTape, type CpuView, floatBits } from '../shared/kernel.ts';
import { BLOCK } from './blocks.wasm.ts';
import type { PolynomialAttributes } from './symmetric-matmul.ts';

/** c = γ · a · b + β · a + α · I */
function lower(tape: CpuTape, a: CpuView, b: CpuView, c: CpuView, terms: PolynomialAttributes): void {
  const [matrices, r, k] = a.shape as [number, number, number];
  const { panelColumns } = tape;
  const packed = tape.scratch(4 * matrices * k * panelColumns * Math.ceil(r / panelColumns));
  const [matrixB, rowsB, columnsB] = b.strides as [number, number, number];
  tape.emit('matmulPack', b.address, packed, k, r, rowsB, columnsB, 1, 1, matrices, 0, 0, matrixB);
  const bytes = Math.ceil((edgeBytes(panelColumns) + 4 * BLOCK * Math.min(k, KC)) / 64) * 64;
  tape.emit(
    'symmetricMatmul',
    a.address, packed, c.address, matrices, r, k, ...a.strides,
    ...[terms.alpha, terms.beta, terms.gamma].map(floatBits), tape.scratch(bytes * tape.threads), bytes,
  ); // biome-ignore format: the kernel's argument list
}

export const symmetricMatmulCpu: CpuLowering = (tape, [a, b], [c]) =>
  lower(tape, a!, b!, c!, { alpha: 0, beta: 0, gamma: 1 });

export const symmetricPolynomialCpu: CpuLowering<PolynomialAttributes> = (tape, [a], [c], terms) =>
  lower(tape, a!, a!, c!, terms);
