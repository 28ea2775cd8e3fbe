import { sizeOf } from '../../tensor/shape.ts';
import { type CpuLowering, floatBits } from '../shared/kernel.ts';
import type { RowAdaGradAttributes } from './row-adagrad.ts';

export const rowAdagradCpu: CpuLowering<RowAdaGradAttributes> = (tape, inputs, outputs, { epsilon }) => {
  const [, , gradient, indices, learningRate] = inputs;
  outputs.forEach((output, i) => {
    const { address } = inputs[i]!;
    if (output.address !== address) tape.emit('cacheCopy', address, output.address, sizeOf(output.shape));
  });
  const [rows, width] = outputs[0]!.shape as [number, number];
  const tokens = sizeOf(indices!.shape);
  // At most half of the slots are taken, so that a search for a row ends soon.
  const slotBits = Math.ceil(Math.log2(Math.max(1, tokens))) + 1;
  const words = 2 ** slotBits + 2 * tokens + Math.ceil(width / 8) * 8;
  const bytes = Math.ceil((4 * words) / 64) * 64;
  tape.emit(
    'rowAdaGrad', ...outputs.map(({ address }) => address), gradient!.address, indices!.address,
    learningRate!.address, floatBits(epsilon), tokens, rows, width, slotBits,
    tape.scratch(bytes * tape.threads), bytes,
  ); // biome-ignore format: the kernel's argument list
};
