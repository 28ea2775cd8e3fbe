import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDevices, checkThreads, devices, extent, RUNS, values } from '../../../testing/check.ts';
import { Input, type Tensor } from '../../tensor/tensor.ts';
import { constant, scalar } from '../constant/constant.ts';
import { clipScale, globalNorm, unscale } from './global-norm.ts';

const forward = { gradients: false } as const;

describe('globalNorm', () => {
  it('is the length of all tensors together', async () => {
    const tensors = [
      constant(Float32Array.of(1, -2, 4), [3, 1]),
      scalar(-2),
      constant(Float32Array.of(10, 10), [2]),
    ];
    for (const device of devices) {
      expect((await device.evaluate(globalNorm(tensors))).data[0]).toBe(15);
    }
  });

  it('is the same on every device', async () => {
    const shape = fc.oneof(
      fc.tuple(extent, extent),
      fc.constantFrom([], [4096], [4097], [3, 4095], [20_000]),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(shape, { minLength: 1, maxLength: 8 }), async (shapes) => {
        const operands = shapes.map((extents, i) => values(extents, i));
        await checkDevices((...tensors) => globalNorm(tensors), operands, forward);
      }),
      RUNS,
    );
  });

  it('gives the same bits for any number of threads', async () => {
    const tensors = [100_001, 7, 30_000, 5000].map((n, i) => constant(values([n], i).data));
    await checkThreads(globalNorm(tensors));
  });

  it('needs f32 tensors', () => {
    expect(() => globalNorm([])).toThrow('globalNorm: needs at least one tensor');
    expect(() => globalNorm([new Input('ids', [3], 'i32')])).toThrow('globalNorm: works on f32');
  });
});

describe('clipScale', () => {
  const scale = async (norm: number, maxNorm: number): Promise<number[]> => {
    const y = clipScale(scalar(norm), maxNorm);
    return Promise.all(devices.map(async (device) => (await device.evaluate(y)).data[0]!));
  };

  it('shortens what is longer than maxNorm and leaves the rest', async () => {
    for (const s of await scale(4, 2)) expect(s).toBeCloseTo(2 / (4 + 1e-6), 7);
    for (const s of await scale(0.5, 2)) expect(s).toBe(1);
    for (const s of await scale(0, 2)) expect(s).toBe(1);
    for (const s of await scale(Number.NaN, 2)) expect(s).toBeNaN();
    for (const s of await scale(Number.POSITIVE_INFINITY, 2)) expect(s).toBe(0);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        async (n, c) => {
          await checkDevices((x: Tensor) => clipScale(globalNorm([x]), c), [values([n], n, 3)], forward);
        },
      ),
      RUNS,
    );
  });

  it('says what it takes', () => {
    expect(() => clipScale(new Input('norm', [1]), 1)).toThrow(
      'clipScale: norm must be a scalar (given (1))',
    );
    expect(() => clipScale(scalar(1), 0)).toThrow('clipScale: maxNorm must be above 0, not 0');
  });
});

describe('unscale', () => {
  it('multiplies by the factor', async () => {
    const shapes = [[3, 7], [], [4096], [5003]];
    const build = (factor: Tensor, norm: Tensor, ...gradients: Tensor[]) => [
      ...unscale(gradients, factor, norm),
    ];
    const operands = [values([], 1), values([], 2), ...shapes.map((shape, i) => values(shape, i))];
    await checkDevices(build, operands, forward);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'gives zeros where the norm is %d, whatever the gradients are',
    async (norm) => {
      const gradient = constant(Float32Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY, -2, 5));
      const [result] = unscale([gradient], scalar(0.5), scalar(norm));
      for (const device of devices)
        expect([...(await device.evaluate(result!)).data]).toEqual([0, 0, 0, 0, 0]);
    },
  );

  it('gives the same bits for any number of threads', async () => {
    const tensors = [100_001, 7, 30_000].map((n, i) => constant(values([n], i).data));
    await checkThreads(...unscale(tensors, scalar(0.3), scalar(1)));
  });

  it('says what it takes', () => {
    expect(() => unscale([], scalar(1), scalar(1))).toThrow('unscale: needs at least one tensor');
    expect(() => unscale([scalar(1)], new Input('factor', [1]), scalar(1))).toThrow(
      'unscale: factor must be a scalar (given (1))',
    );
  });
});
