import { sizeOf } from '../../tensor/shape.ts';
import { type CpuLowering, floatBits } from '../shared/kernel.ts';
import type { AdamWAttributes } from './adamw.ts';

export const adamwCpu: CpuLowering<AdamWAttributes> = (tape, inputs, outputs, attributes) => {
  const { beta1, beta2, epsilon, weightDecay } = attributes;
  tape.emit(
    'adamW',
    ...[...inputs, ...outputs].map(({ address }) => address),
    sizeOf(inputs[0]!.shape),
    ...doubleBits(beta1),
    ...doubleBits(beta2),
    ...doubleBits(weightDecay),
    floatBits(epsilon),
  );
};

/** A float64 as two arguments: 1 − βᵗ would lose too many digits in float32. */
function doubleBits(value: number): Int32Array {
  const words = new DataView(new ArrayBuffer(8));
  words.setFloat64(0, value, true);
  return Int32Array.of(words.getInt32(0, true), words.getInt32(4, true));
}
