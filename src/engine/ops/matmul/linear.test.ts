import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDevices, checkGradient, extent, RUNS, values } from '../../../testing/check.ts';
import { Input } from '../../tensor/tensor.ts';
import { linear } from './matmul.ts';

describe('linear', () => {
  it('has the right gradient', async () => {
    await checkGradient(
      (x, w, b) => linear(x!, w!, b),
      [values([2, 3, 4], 1), values([5, 4], 2), values([5], 3)],
    );
    await checkGradient((x, w) => linear(x!, w!), [values([3, 4], 1), values([5, 4], 2)]);
  });

  it('agrees with the reference for all shapes, with and without bias', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, fc.boolean(), async (m, k, n, bias) => {
        const operands = [values([m, k], 1), values([n, k], 2), ...(bias ? [values([n], 3)] : [])];
        await checkDevices((x, w, b) => linear(x!, w!, b), operands);
      }),
      RUNS,
    );
  });

  it('says what does not fit', () => {
    const x = new Input('x', [2, 3]);
    expect(() => linear(x, new Input('w', [5, 4]))).toThrow('linear: the weight must be (outputs, 3)');
    expect(() => linear(x, new Input('w', [5, 3]), new Input('b', [4]))).toThrow(
      'linear: the bias must be (5)',
    );
  });
});
