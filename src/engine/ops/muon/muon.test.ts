import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkThreads,
  devices,
  extent,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input, type Tensor } from '../../tensor/tensor.ts';
import { constant, scalar } from '../constant/constant.ts';
import { matmul } from '../matmul/matmul.ts';
import { transpose } from '../views/views.ts';
import { muonMomentum, muonUpdate, normalizeGrams } from './muon.ts';

const forward = { gradients: false } as const;
const count = fc.integer({ min: 1, max: 4 });
const momentum = scalar(0.75);
const gradientScale = scalar(0.5);
const learningRate = scalar(0.25);
const attributes = { weightDecay: 0.5, factor: 2 };
const row = (...data: number[]): Tensor => constant(Float32Array.from(data), [1, data.length]);
const read = async (x: Tensor): Promise<number[]> => Array.from((await reference.evaluate(x)).data);

const step = (x: readonly Tensor[]): Tensor[] => {
  const { moments, directions } = muonMomentum(x.slice(0, x.length / 2), x.slice(x.length / 2), {
    momentum,
    gradientScale,
  });
  return [...moments, directions];
};

describe('muonMomentum', () => {
  it('mixes gradients into means, and means into gradients', async () => {
    const [m1, m2, directions] = step([row(4), row(8), row(16), row(0)]);
    expect(await read(m1!)).toEqual([0.75 * 4 + 0.25 * 8]);
    expect(await read(m2!)).toEqual([6]);
    expect(directions!.shape).toEqual([2, 1, 1]);
    expect(await read(directions!)).toEqual([0.75 * 5 + 0.25 * 8, 4.5]);
  });

  it('is the same on every device, for any number of threads', async () => {
    await fc.assert(
      fc.asyncProperty(count, extent, extent, async (k, r, c) => {
        const matrices = Array.from({ length: 2 * k }, (_, i) => values([r, c], i));
        await checkDevices((...x) => step(x), matrices, forward);
      }),
      RUNS,
    );
    const matrices = [1, 2, 3, 4].map((i) => constant(values([41, 37], i).data, [41, 37]));
    await checkThreads(...step(matrices));
  });

  it('names what does not fit', () => {
    const operands = { momentum, gradientScale };
    expect(() => muonMomentum([], [], operands)).toThrow('muonMomentum: needs at least one matrix');
    expect(() => muonMomentum([row(1)], [], operands)).toThrow('muonMomentum: 1 means but 0 gradients');
    expect(() => muonMomentum([row(1)], [row(1, 2)], operands)).toThrow(
      'muonMomentum: needs matrices of one shape (given (1, 1) and (1, 2))',
    );
    expect(() => muonMomentum([scalar(1)], [scalar(1)], operands)).toThrow('needs matrices of one shape');
    expect(() => muonMomentum([row(1)], [row(1)], { ...operands, momentum: row(1) })).toThrow(
      'muonMomentum: momentum must be a scalar (given (1, 1))',
    );
  });
});

describe('normalizeGrams', () => {
  const gram = (x: Tensor): Tensor => matmul(x, transpose(x, 1, 2));

  it('divides by the trace, and says what the matrix itself is to be multiplied by', async () => {
    const x = constant(Float32Array.of(3, 0, 0, 4, 0, 0), [1, 2, 3]); // ‖x‖ = 5
    const { grams, scales } = normalizeGrams([gram(x)]);
    const [first, , , last] = await read(grams);
    expect([first, last]).toEqual([expect.closeTo(9 / 25, 6), expect.closeTo(16 / 25, 6)]);
    expect(await read(scales)).toEqual([1 / (5 + 1e-7)]);
  });

  it('leaves zeros zeros', async () => {
    const { grams, scales } = normalizeGrams([constant(new Float32Array(8), [2, 2, 2])]);
    for (const device of devices) {
      expect((await device.evaluate(grams)).data.every((x) => x === 0)).toBe(true);
      for (const scale of (await device.evaluate(scales)).data) expect(scale / 1e7).toBeCloseTo(1, 6);
    }
  });

  it('is the same on every device, for any number of threads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(count, { minLength: 1, maxLength: 3 }), extent, async (counts, r) => {
        const stacks = counts.map((k, i) => values([k, r, r + 1], i));
        await checkDevices((...x) => Object.values(normalizeGrams(x.map(gram))), stacks, forward);
      }),
      RUNS,
    );
    const stacks = [2, 1].map((k) => gram(constant(values([k, 45, 9], k).data, [k, 45, 9])));
    await checkThreads(...Object.values(normalizeGrams(stacks)));
  });

  it('names what does not fit', () => {
    expect(() => normalizeGrams([])).toThrow('normalizeGrams: needs at least one tensor');
    expect(() => normalizeGrams([new Input('x', [1, 2, 2]), new Input('y', [1, 3, 3])])).toThrow(
      'normalizeGrams: needs square matrices of one size (given (1, 2, 2) and (1, 3, 3))',
    );
    expect(() => normalizeGrams([new Input('x', [1, 2, 3])])).toThrow('needs square matrices of one size');
  });
});

describe('muonUpdate', () => {
  const update = (x: readonly Tensor[]): readonly Tensor[] => {
    const [directions, scales] = x.slice(-2) as [Tensor, Tensor];
    return muonUpdate(x.slice(0, -2), { directions, scales, learningRate }, attributes);
  };

  it('decays parameters and moves them against their directions', async () => {
    const directions = constant(Float32Array.of(1, 2, 3, 4), [2, 1, 2]);
    const [p, q] = update([row(8, 16), row(0, 0), directions, constant(Float32Array.of(10, 100))]);
    expect(await read(p!)).toEqual([8 * 0.875 - 0.5 * 10, 16 * 0.875 - 0.5 * 20]);
    expect(await read(q!)).toEqual([-150, -200]);
  });

  it('is the same on every device, for any number of threads', async () => {
    await fc.assert(
      fc.asyncProperty(count, extent, extent, async (k, r, c) => {
        const parameters = Array.from({ length: k }, (_, i) => values([r, c], i));
        const operands = [...parameters, values([k, r, c], 9), values([k], 10)];
        await checkDevices((...x) => update(x), operands, forward);
      }),
      RUNS,
    );
    const shapes = [[41, 37], [41, 37], [2, 41, 37], [2]];
    await checkThreads(...update(shapes.map((shape, i) => constant(values(shape, i).data, shape))));
  });

  it('names what does not fit', () => {
    const [directions, scales] = [new Input('d', [2, 1, 1]), new Input('s', [2])];
    expect(() => update([row(1), directions, scales])).toThrow(
      'muonUpdate: needs 1 directions (given (2, 1, 1) and (1, 1))',
    );
    expect(() => update([row(1), row(1), directions, new Input('s', [1])])).toThrow(
      'muonUpdate: needs 2 scales (given (1))',
    );
    expect(() => update([directions, scales])).toThrow('muonUpdate: needs at least one matrix');
  });
});
