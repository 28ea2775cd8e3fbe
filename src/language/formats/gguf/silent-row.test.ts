import { describe, expect, it } from 'vitest';
import { Generator } from '../../../engine/tensor/generator.ts';
import { silentRow } from './silent-row.ts';

/** What a layer norm makes of noise: x̂ · w + b with mean 0 and variance 1. */
function normed(random: Generator, weight: Float32Array, bias: Float32Array): number[] {
  const x = Array.from(random.normal(weight.length, 0, 1));
  const mean = x.reduce((a, b) => a + b) / x.length;
  const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length);
  return x.map((value, i) => ((value - mean) / deviation) * weight[i]! + bias[i]!);
}

const product = (a: ArrayLike<number>, b: readonly number[]): number =>
  b.reduce((sum, value, i) => sum + value * a[i]!, 0);

describe('silentRow', () => {
  it.each([
    { V: 20, C: 48, biased: false },
    { V: 20, C: 48, biased: true },
    { V: 47, C: 48, biased: true },
    { V: 60, C: 48, biased: true }, // no room beside the rows: the bias as it is
  ])(
    'gives a logit of −100 and leaves the others: $V tokens, $C wide, biases $biased',
    ({ V, C, biased }) => {
      const random = new Generator(V);
      const rows = random.normal(V * C, 0, 0.2);
      const weight = random.normal(C, 1, 0.1);
      const bias = biased ? random.normal(C, 0, 0.3) : new Float32Array(C);
      const silent = silentRow(rows, weight, bias);
      for (let i = 0; i < 20; i++) {
        const generator = new Generator(i);
        const before = normed(generator, weight, bias);
        const after = before.map((y, c) => y - bias[c]! + silent.bias[c]!);
        expect(product(silent.row, after)).toBeCloseTo(-100, 2);
        for (let v = 0; v < V; v++) {
          const row = rows.subarray(v * C, (v + 1) * C);
          expect(product(row, after)).toBeCloseTo(product(row, before), 4);
        }
      }
    },
  );

  it('is zeros where nothing is the same for all texts', () => {
    const rows = new Generator(1).normal(60 * 48, 0, 0.2);
    const bias = new Float32Array(48);
    const silent = silentRow(rows, new Float32Array(48).fill(1), bias);
    expect(silent).toEqual({ row: new Float32Array(48), bias });
    // A weight of 0 has no inverse.
    expect(silentRow(rows.subarray(0, 480), new Float32Array(48), bias).row).toEqual(new Float32Array(48));
  });
});
