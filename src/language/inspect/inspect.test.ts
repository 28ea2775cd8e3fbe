import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDevice } from '../../engine/devices/create.ts';
import { attention, matmul, permute } from '../../engine/ops/index.ts';
import { Constant, Generator } from '../../engine/tensor/index.ts';
import { expectClose } from '../../testing/check.ts';
import { Dataset } from '../data/dataset.ts';
import { createModel, type ModelSpec } from '../models/create.ts';
import { baselines } from './baselines.ts';
import { attentionWeights } from './graph.ts';
import { histogram } from './histogram.ts';
import { Inspector } from './inspector.ts';
import { project } from './project.ts';

const size = { vocabSize: 11, nLayer: 2, nHead: 2, nEmbd: 16, blockSize: 24, dropout: 0.5 };
const specs: readonly ModelSpec[] = [
  { model: 'gpt', ...size, bias: true, activation: 'gelu' },
  { model: 'modern', ...size, ngramOrder: 3, ngramRows: 64 },
  { model: 'lecture', ...size },
];

describe.each(specs)('Inspector: $model', (spec) => {
  it('tells the logits of the model itself, and attention that adds up, from the past alone', async () => {
    const device = await createDevice({ device: 'reference' });
    const model = createModel(spec).initialize(new Generator(1));
    // What starts at zero hides what depends on it.
    for (const parameter of model.parameters())
      if (!parameter.initial?.some((value) => value !== 0))
        parameter.initial = new Generator(2).normal(parameter.size, 0, 0.3);
    const tokens = [3, 1, 4, 1, 5, 9, 2];
    const T = tokens.length;
    const found = await new Inspector(model, device).look(tokens);
    const idx = new Constant(Int32Array.from(tokens), [1, T]);
    const logits = await device.evaluate(model.evaluating(() => model.forward(idx)));
    expectClose(found.logits, logits.data, 1e-5, 'logits');
    expect(found.lens).toHaveLength(3);
    expect(found.lens[0]).not.toEqual(found.logits);
    expect([found.heads, found.attention.length]).toEqual([2, 4]);
    for (const weights of found.attention) {
      for (let row = 0; row < T; row++) {
        const sum = weights.subarray(row * T, row * T + T).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(1, 5);
        for (let column = row + 1; column < T; column++) expect(weights[row * T + column]).toBe(0);
      }
    }
    expect(found.lookups).toHaveLength(spec.model === 'modern' ? 3 : 1);
    const table = await device.evaluate(model.parameters()[0]!);
    if (spec.model !== 'gpt') {
      const row = table.data.slice(16 * 3, 16 * 4);
      expect(found.lookups[0]![0]).toBeCloseTo(Math.hypot(...row), 4);
    }
  });
});

it('shows the weights of the fused attention: with them the values give what it gives', async () => {
  const device = await createDevice({ device: 'reference' });
  const generator = new Generator(3);
  const [q, k, v] = ['q', 'k', 'v'].map(
    () => new Constant(generator.randn(5 * 3 * 4), [1, 5, 3, 4]), // (B, T, H, D)
  ) as [Constant, Constant, Constant];
  const y = attention(q, k, v, { scale: 0.7 });
  const [weights] = attentionWeights(y); // (B, H, T, T)
  const byHand = permute(matmul(weights!, permute(v, [0, 2, 1, 3])), [0, 2, 1, 3]);
  expectClose((await device.evaluate(byHand)).data, (await device.evaluate(y)).data, 1e-5, 'y');
});

it('refuses no tokens, and more than the block', async () => {
  const device = await createDevice({ device: 'reference' });
  const inspector = new Inspector(createModel(specs[0]!), device);
  for (const count of [0, 25])
    await expect(inspector.look(new Array(count).fill(0))).rejects.toMatchObject({ code: 'shape' });
});

describe('baselines', () => {
  it('are what counting gives', () => {
    const tokens = Int32Array.from({ length: 100 }, (_, i) => i % 2);
    const { uniform, unigram, bigram } = baselines(new Dataset(tokens, 4), 2);
    expect(uniform).toBeCloseTo(Math.LN2, 12);
    expect(unigram).toBeCloseTo(Math.LN2, 12); // 45 of each, one more counted
    // 0 is followed by 1 in 45 of 45 cases, 1 by 0 in 44 of 44; one of each is added. The validation text goes 1 0 1 … .
    const expected = -(5 * Math.log(46 / 47) + 4 * Math.log(45 / 46)) / 9;
    expect(bigram).toBeCloseTo(expected, 12);
  });
});

describe('project', () => {
  it('finds the plane in which points lie, whatever space it is in', () => {
    const coordinate = fc.double({ min: -5, max: 5, noNaN: true });
    const plane = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(plane, (points) => {
        const [u, v] = [
          [0.6, 0.8, 0, 0],
          [0, 0, 1, 0],
        ] as const;
        const rows = points.flatMap(([a, b]) => u.map((value, j) => 3 + a * value + b * v[j]!));
        const { points: found } = project(rows, 4);
        const distance = (of: ArrayLike<number>, i: number, j: number, width: number): number =>
          Math.hypot(...Array.from({ length: width }, (_, k) => of[width * i + k]! - of[width * j + k]!));
        for (let i = 0; i < points.length; i++)
          expect(distance(found, i, 0, 2)).toBeCloseTo(distance(rows, i, 0, 4), 3);
      }),
      { numRuns: 50 },
    );
  });
});

describe('histogram', () => {
  it('counts every value once', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1 }), (values) => {
        const { counts, rms } = histogram(values, 9);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(values.length);
        expect(rms).toBeCloseTo(Math.hypot(...values) / Math.sqrt(values.length), 6);
      }),
    );
  });
});
