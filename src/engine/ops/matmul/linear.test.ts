import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  cpus,
  extent,
  RUNS,
  values,
} from '../../../testing/check.ts';
import { Input } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
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

  it('makes of each row alone what it would be if it were the only one, to the last bit', async () => {
    const rows = fc.integer({ min: 1, max: 20 });
    const terms = fc.integer({ min: 1, max: 70 });
    await fc.assert(
      fc.asyncProperty(rows, terms, extent, fc.boolean(), async (m, k, n, bias) => {
        const [x, w, b] = [values([m, k], 1).data, values([n, k], 2), values([n], 3)];
        const layer = (x: Float32Array) =>
          linear(
            constant(x, [x.length / k, 1, k]),
            constant(w.data, w.shape),
            bias ? constant(b.data) : undefined,
          );
        for (const cpu of Object.values(cpus)) {
          const all = (await cpu.evaluate(layer(x))).data;
          for (let i = 0; i < m; i++) {
            const one = (await cpu.evaluate(layer(x.slice(i * k, (i + 1) * k)))).data;
            expect(all.slice(i * n, (i + 1) * n)).toEqual(one);
          }
        }
      }),
      { numRuns: 25 },
    );
    const [x, w] = [values([33, 1, 67], 1), values([90, 67], 2)];
    await checkThreads(linear(constant(x.data, x.shape), constant(w.data, w.shape)));
  });

  it('says what does not fit', () => {
    const x = new Input('x', [2, 3]);
    expect(() => linear(x, new Input('w', [5, 4]))).toThrow('linear: the weight must be (outputs, 3)');
    expect(() => linear(x, new Input('w', [5, 3]), new Input('b', [4]))).toThrow(
      'linear: the bias must be (5)',
    );
  });
});
