import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDevices, checkGradient, checkThreads, extent, RUNS, values } from '../../../testing/check.ts';
import { Input } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { slice, transpose } from '../views/views.ts';
import { matmul } from './matmul.ts';

describe('matmul', () => {
  it('has the right gradient', async () => {
    await checkGradient(matmul, [values([3, 4], 1), values([4, 5], 2)]);
    await checkGradient(matmul, [values([2, 3, 4], 1), values([2, 4, 2], 2)]);
    await checkGradient(matmul, [values([2, 3, 4], 1), values([4, 5], 2)]);
  });

  it('agrees with the reference for all shapes', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, async (m, k, n) => {
        await checkDevices(matmul, [values([m, k], 1), values([k, n], 2)]);
      }),
      RUNS,
    );
  });

  it('takes transposed operands and batches that broadcast', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, fc.boolean(), fc.boolean(), async (m, k, n, ta, tb) => {
        const a = values(ta ? [2, 1, k, m] : [2, 1, m, k], 1);
        const b = values(tb ? [3, n, k] : [3, k, n], 2);
        await checkDevices(
          (x, y) => matmul(ta ? transpose(x, -2, -1) : x, tb ? transpose(y, -2, -1) : y),
          [a, b],
          { gradients: false },
        );
      }),
      RUNS,
    );
  });

  it('takes any number of batch dimensions, however they broadcast', async () => {
    const a = values([2, 1, 3, 1, 2, 7, 4], 1);
    await checkDevices(matmul, [a, values([1, 2, 1, 2, 1, 4, 9], 2)]);
    await checkDevices(matmul, [a, values([2, 1, 2, 1, 4, 9], 2)]);
  });

  it('gives 0 for sums over no elements', async () => {
    for (const [m, n] of [
      [1, 1],
      [2, 9],
      [100, 20],
    ] as const) {
      await checkDevices(matmul, [values([m, 0], 1), values([0, n], 2)], { gradients: false });
      await checkDevices(matmul, [values([3, m, 0], 1), values([3, 0, n], 2)], { gradients: false });
    }
  });

  it('agrees where sums and rows are cut into blocks', async () => {
    await checkDevices(matmul, [values([200, 1100], 1), values([1100, 70], 2)], { gradients: false });
    await checkDevices(
      (x, y) => matmul(transpose(x, 0, 1), y),
      [values([1030, 203], 1), values([1030, 9], 2)],
      { gradients: false },
    );
  });

  it('gives the same bits for any number of threads', async () => {
    const [a, b] = [values([203, 301], 1), values([301, 77], 2)].map(({ shape, data }) =>
      constant(data as Float32Array, shape),
    );
    await checkThreads(matmul(a!, b!), matmul(slice(a!, 0, 0, 3), b!));
  });

  it('says what does not fit', () => {
    const a = new Input('a', [2, 3]);
    expect(() => matmul(a, new Input('b', [4, 5]))).toThrow(
      'matmul: the left operand has 3 columns but the right one 4 rows',
    );
    expect(() => matmul(a, new Input('b', [3]))).toThrow('matmul: both operands must be at least matrices');
    expect(() => matmul(new Input('a', [2, 2, 3]), new Input('b', [4, 3, 5]))).toThrow('do not broadcast');
  });
});
