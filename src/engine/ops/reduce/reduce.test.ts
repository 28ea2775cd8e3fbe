import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  extent,
  integers,
  type Operand,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { CpuDevice } from '../../devices/cpu/cpu-device.ts';
import type { Shape } from '../../tensor/shape.ts';
import { Input, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { grad } from '../grad.ts';
import { max, mean, sum } from './reduce.ts';

/** Terms that do not cancel, so that the error of a sum stays in proportion to it. */
function positive(shape: Shape): Operand {
  return { shape, data: Float32Array.from(values(shape).data, (v) => v + 1) };
}

/** A shape and some of its dimensions. */
const reduction = fc
  .array(extent, { minLength: 1, maxLength: 4 })
  .chain((shape) => fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()])))
  .filter(([shape]) => shape.reduce((a, b) => a * b, 1) < 1e5);

const x = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
const compute = async (y: Tensor): Promise<number[]> => Array.from((await reference.evaluate(y)).data);

describe('sum and mean', () => {
  it('reduce the dimensions they are given, or all', async () => {
    expect(await compute(sum(x))).toEqual([21]);
    expect(await compute(sum(x, 0))).toEqual([5, 7, 9]);
    expect(await compute(sum(x, -1))).toEqual([6, 15]);
    expect(await compute(mean(x, [0, 1]))).toEqual([3.5]);
    expect(await compute(mean(x, 1))).toEqual([2, 5]);
    expect(await compute(sum(x, []))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('drop reduced dimensions unless they are to be kept', () => {
    const y = new Input('y', [2, 3, 4]);
    expect(sum(y, 1).shape).toEqual([2, 4]);
    expect(sum(y, 1, { keepDims: true }).shape).toEqual([2, 1, 4]);
    expect(mean(y).shape).toEqual([]);
    expect(mean(y, undefined, { keepDims: true }).shape).toEqual([1, 1, 1]);
  });

  it('have the gradient that finite differences have', async () => {
    await checkGradient((a) => sum(a), [values([3, 4])]);
    await checkGradient((a) => sum(a, [0, 2]), [values([2, 3, 4])]);
    await checkGradient((a) => mean(a, 1, { keepDims: true }), [values([2, 3, 4])]);
  });

  it('are the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(reduction, fc.boolean(), async ([shape, dims], keepDims) => {
        await checkDevices(
          (a) => [sum(a, dims, { keepDims }), mean(a, dims, { keepDims })],
          [positive(shape)],
        );
      }),
      RUNS,
    );
  });

  // More terms than one block holds, and more columns than one strip.
  it.each([[[1000, 45]], [[3, 300, 33]], [[70_001]], [[2, 9000]], [[5000, 3]]])(
    'are the same on every device for %j',
    async (shape) => {
      await checkDevices((a) => [sum(a), sum(a, 0), sum(a, -1)], [positive(shape)], { gradients: false });
    },
  );

  it('add a million equal numbers without losing any', async () => {
    const cpu = await CpuDevice.create({ threads: 2 });
    const many = new Input('many', [2 ** 20]);
    const { data } = await cpu.evaluate(sum(many), { many: new Float32Array(2 ** 20).fill(0.1) });
    expect(Math.abs(data[0]! / (Math.fround(0.1) * 2 ** 20) - 1)).toBeLessThan(1e-6);
    await cpu.dispose();
  });

  it('do not depend on the number of threads, to the last bit', async () => {
    const { shape, data } = values([777, 131]);
    const a = constant(data as Float32Array, shape);
    await checkThreads(sum(a), sum(a, 0), sum(a, 1));
  });

  it('name dimensions that do not exist and types that do not add', () => {
    expect(() => sum(x, 2)).toThrow('sum: dimension 2 does not exist in a tensor of rank 2');
    expect(() => mean(x, [0, -3])).toThrow('mean: dimension -3 does not exist in a tensor of rank 2');
    expect(() => sum(new Input('ids', [3], 'i32'))).toThrow('sum: works on f32 tensors');
  });
});

describe('max', () => {
  it('finds the largest along a dimension', async () => {
    expect(await compute(max(x, 0))).toEqual([4, 5, 6]);
    expect(await compute(max(x, -1))).toEqual([3, 6]);
    expect(max(x, 1, { keepDims: true }).shape).toEqual([2, 1]);
  });

  it('gives its gradient to the first of equal elements', async () => {
    const tied: Operand = { shape: [2, 5], data: [1, 7, 7, 2, 7, -1, -1, -2, -9, -1] };
    const a = new Input('a', tied.shape);
    const slope = await reference.evaluate(grad(sum(max(a, 1)), [a])[0]!, { a: tied.data });
    expect(Array.from(slope.data)).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 0, 0]);
    await checkDevices((b) => max(b, 1), [tied]);
  });

  it('has the gradient that finite differences have', async () => {
    await checkGradient((a) => max(a, 1), [values([2, 5, 3])]);
    await checkGradient((a) => max(a, -1, { keepDims: true }), [values([4, 7])]);
  });

  it('is the same on every device, ties included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(extent, extent, extent), fc.nat(2), fc.nat(), async (shape, dim, seed) => {
        const few = { ...integers(shape, 5, seed), dtype: 'f32' } as const;
        await checkDevices((a) => max(a, dim), [few]);
        await checkDevices((a) => max(a, dim), [values(shape, seed)]);
      }),
      RUNS,
    );
  });

  it('keeps NaN and −∞', async () => {
    const odd = {
      shape: [3, 5],
      data: [1, 2, Number.NaN, 4, 5, ...new Array(5).fill(-Infinity), 1, 2, 3, 4, Infinity],
    };
    const cpu = await CpuDevice.create({ threads: 1 });
    const a = new Input('a', odd.shape);
    for (const device of [reference, cpu]) {
      const { data } = await device.evaluate(max(a, 1), { a: odd.data });
      expect(Array.from(data)).toEqual([Number.NaN, -Infinity, Infinity]);
      const slope = await device.evaluate(grad(sum(max(a, 1)), [a])[0]!, { a: odd.data });
      expect(Array.from(slope.data)).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
    await cpu.dispose();
  });

  it('names a dimension without elements', () => {
    expect(() => max(new Input('none', [2, 0]), 1)).toThrow(
      'max: dimension 1 has no elements (given (2, 0))',
    );
  });
});
