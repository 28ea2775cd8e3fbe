import { describe, expect, it } from 'vitest';
import { checkDevices, checkGradient, values } from '../../../testing/check.ts';
import { Input } from '../../tensor/tensor.ts';
import { split } from './split.ts';

describe('split', () => {
  it('has a gradient where only one part is used', async () => {
    await checkGradient((x) => split(x!, 2, 1)[1]!, [values([2, 5, 2])]);
  });

  it('cuts into slices of one size, the last smaller', async () => {
    const parts = split(new Input('x', [7, 2]), 3);
    expect(parts.map((y) => y.shape)).toEqual([
      [3, 2],
      [3, 2],
      [1, 2],
    ]);
    await checkGradient((x) => split(x, 2, -1), [values([3, 6])]);
    await checkDevices((x) => split(x, 5, 1), [values([3, 15, 2])]);
  });

  it('refuses a size that is not a positive integer', () => {
    expect(() => split(new Input('x', [4]), 0)).toThrow(
      'split: the size of a slice must be a positive integer, not 0',
    );
  });
});
