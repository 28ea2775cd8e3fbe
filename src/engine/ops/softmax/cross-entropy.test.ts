import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  devices,
  extent,
  integers,
  type Operand,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { log, mul, sub } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { mean, sum } from '../reduce/reduce.ts';
import { crossEntropy, softmax } from './softmax.ts';

const build = (logits: Tensor, targets: Tensor): Tensor => crossEntropy(logits, targets);
const targets = (...data: number[]): Operand => ({
  shape: [data.length],
  data: Int32Array.from(data),
  dtype: 'i32',
});

/** Loss and gradient for the given logits, on every device. */
async function lossAndGradient(logits: Operand, { data }: Operand): Promise<[number, ArrayLike<number>][]> {
  const x = new Variable(logits.shape, { initial: logits.data as Float32Array });
  const loss = crossEntropy(x, constant(data as Int32Array));
  const [dx] = grad(loss, [x]) as [Tensor];
  return Promise.all(
    devices.map(async (device) => [(await device.evaluate(loss)).data[0]!, (await device.evaluate(dx)).data]),
  );
}

describe('crossEntropy', () => {
  it('has the gradient that finite differences have', async () => {
    await checkGradient(build, [values([5, 7], 1, 3), integers([5], 7)]);
    await checkGradient(build, [values([4, 3], 1), targets(2, -1, 0, -1)]);
  });

  it('is what the general operations say', async () => {
    const logits = new Variable([4, 5], { initial: values([4, 5], 1, 3).data });
    const onehot = new Float32Array(20);
    const ids = Int32Array.of(3, 0, 4, 4);
    ids.forEach((id, row) => {
      onehot[row * 5 + id] = -1;
    });
    const composed = mean(sum(mul(log(softmax(logits)), constant(onehot, [4, 5])), -1));
    const difference = await reference.evaluate(sub(crossEntropy(logits, constant(ids)), composed));
    expect(Math.abs(difference.data[0]!)).toBeLessThan(1e-14);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(extent, fc.integer({ min: 1, max: 150 }), fc.nat(1000), async (rows, width, seed) => {
        // The first row counts always, every other row seven times in eight.
        const ids = Int32Array.from(integers([rows], 8 * width, seed).data, (k, row) =>
          k % 8 === 0 && row > 0 ? -1 : Math.floor(k / 8),
        );
        await checkDevices(build, [values([rows, width], seed, 5), targets(...ids)]);
      }),
      RUNS,
    );
  });

  it('is the same on every device for many rows and for a large vocabulary', async () => {
    await checkDevices(build, [values([1000, 65], 1, 5), integers([1000], 65)]);
    await checkDevices(build, [values([3, 50257], 1, 5), integers([3], 50257)]);
  });

  it('is stable for logits of any size', async () => {
    const logits = {
      shape: [3, 3],
      data: Float32Array.of(1e4, -1e4, 9999, -3e38, 3e38, 0, -90, -91, -Infinity),
    };
    await checkDevices(build, [logits, targets(2, 1, 0)]);
  });

  it('takes the mean over the rows that are not ignored', async () => {
    const logits = values([3, 6], 1);
    const two = { shape: [2, 6], data: (logits.data as Float32Array).filter((_, i) => i < 6 || i >= 12) };
    const all = await lossAndGradient(logits, targets(5, -1, 2));
    const some = await lossAndGradient(two, targets(5, 2));
    all.forEach(([loss, gradient], device) => {
      expect(loss).toBe(some[device]![0]);
      expect(Array.from(gradient).slice(6, 12)).toEqual([0, 0, 0, 0, 0, 0]);
    });
    const x = constant(logits.data as Float32Array, logits.shape);
    const custom = crossEntropy(x, constant(Int32Array.of(5, 3, 2)), { ignoreIndex: 3 });
    for (const [device, [loss]] of all.entries()) {
      expect((await devices[device]!.evaluate(custom)).data[0]).toBe(loss);
    }
  });

  it('gives NaN where all rows are ignored or a target does not exist', async () => {
    for (const [loss, gradient] of await lossAndGradient(values([2, 3], 1), targets(-1, -1))) {
      expect(loss).toBeNaN();
      expect(Array.from(gradient)).toEqual([0, 0, 0, 0, 0, 0]);
    }
    for (const target of [3, -2, 2 ** 31 - 1, -(2 ** 31)]) {
      for (const [loss, gradient] of await lossAndGradient(values([2, 3], 1), targets(target, 1))) {
        expect(loss).toBeNaN();
        expect(Array.from(gradient, Number.isNaN)).toEqual([true, true, true, false, false, false]);
      }
    }
  });

  it('shows a logit that is not a number', async () => {
    const logits = {
      shape: [2, 9],
      data: Float32Array.from({ length: 18 }, (_, i) => (i === 16 ? Number.NaN : i)),
    };
    for (const [loss] of await lossAndGradient(logits, targets(0, 0))) expect(loss).toBeNaN();
  });

  it('gives the same bits for any number of threads', async () => {
    const logits = new Variable([501, 65], { initial: values([501, 65], 1).data });
    const loss = crossEntropy(logits, constant(integers([501], 65).data));
    await checkThreads(loss, ...grad(loss, [logits]));
  });

  it('names what does not fit', () => {
    const logits = new Input('logits', [2, 3, 5]);
    expect(() => crossEntropy(logits, new Input('targets', [2, 3], 'i32'))).toThrow(
      'crossEntropy: logits must have the shape (N, V) and targets (N); reshape them first (given (2, 3, 5) and (2, 3))',
    );
    expect(() => crossEntropy(new Input('logits', [6, 5]), new Input('targets', [5], 'i32'))).toThrow(
      '(6, 5) and (5)',
    );
    expect(() => crossEntropy(new Input('logits', [6, 5]), new Input('targets', [6]))).toThrow('must be i32');
    expect(() => crossEntropy(new Input('logits', [6, 0]), new Input('targets', [6], 'i32'))).toThrow(
      'crossEntropy: logits need at least one class',
    );
  });
});
