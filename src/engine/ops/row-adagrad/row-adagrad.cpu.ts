import { sizeOf } from '../../tensor/shape.ts';
import { type CpuKernel, rowsOf } from '../shared/kernel.ts';
import { contiguousCpu } from '../views/views.cpu.ts';
import type { rowAdagradOperation } from './row-adagrad.ts';

export const rowAdagradCpu: CpuKernel<typeof rowAdagradOperation> = {
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
