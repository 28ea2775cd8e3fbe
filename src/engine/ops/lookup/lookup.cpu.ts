import { sizeOf } from '../../tensor/shape.ts';
import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import { contiguousCpu } from '../views/views.cpu.ts';
import type * as ops from './lookup.ts';

export const embeddingCpu: CpuKernel<typeof ops.embeddingOperation> = {
  lower: (tape, [weight, indices], [y]) =>
    tape.emit(weight.dtype === 'q8' ? 'embeddingQ8' : 'embedding', {
      weight,
      indices,
      y,
      tokens: sizeOf(indices.shape),
      ...rowsOf(weight),
    }),
};

export const embeddingGradientCpu: CpuKernel<typeof ops.embeddingGradientOperation> = {
  lower(tape, [dy, indices], [dweight]) {
    const tokens = sizeOf(indices.shape);
    tape.emit('embeddingGradient', { dy, indices, dweight, tokens, ...rowsOf(dweight) });
  },
};

export const ngramCpu: CpuKernel<typeof ops.ngramOperation> = {
  lower(tape, [ids, position], [y], { order, rows }) {
    const [B, S] = ids.shape as [number, number];
    tape.emit('ngram', {
      ids,
      position,
      each: position.shape.length,
      y,
      B,
      S,
      length: y.shape[1]!,
      order,
      rows,
    });
  },
};

export const rowAdagradCpu: CpuKernel<typeof ops.rowAdagradOperation> = {
  inPlace: [0, 1],
  lower(tape, [oldTable, oldSquares, gradient, indices, learningRate], [table, squares], { epsilon }) {
    if (table.address !== oldTable.address) contiguousCpu.lower(tape, [oldTable], [table], {});
    if (squares.address !== oldSquares.address) contiguousCpu.lower(tape, [oldSquares], [squares], {});
    const { rows, width } = rowsOf(table);
    const tokens = sizeOf(indices.shape);
    // At most half of the slots are taken, so that a search for a row ends soon.
    const slotBits = Math.ceil(Math.log2(Math.max(1, tokens))) + 1;
    const operands = { table, squares, gradient, indices, learningRate, epsilon };
    const memory = {
      heads: tape.perThread(2 ** slotBits),
      next: tape.perThread(tokens),
      used: tape.perThread(tokens),
      sum: tape.perThread(width),
    };
    tape.emit('rowAdagrad', { ...operands, tokens, rows, width, slotBits, ...memory });
  },
};
