// Every operation and its gradient on the GPU, against the reference device. Few shapes: an adapter in software takes up
// to seconds for each new kernel.
import { describe, expect, it } from 'vitest';
import { WebGpuDevice } from '../src/engine/devices/webgpu/webgpu-device.ts';
import { adamW } from '../src/engine/ops/adamw/adamw.ts';
import * as ops from '../src/engine/ops/index.ts';
import {
  muonMomentum,
  muonUpdate,
  normalizeGrams,
  symmetricMatmul,
  symmetricPolynomial,
} from '../src/engine/ops/muon/muon.ts';
import type { Tensor } from '../src/engine/tensor/index.ts';
import { type Build, checkDevices, integers, type Operand, values } from '../src/testing/check.ts';
import { device, posing } from './support/adapter.ts';

const { constant, scalar } = ops;
const { add, sub, mul, div, neg, exp, tanh, relu, reluSquared, gelu, geluTanh, sigmoid, square, log, sqrt } =
  ops;

/** What f32 should give, with room for sums in other orders. */
const TOLERANCE = 3e-6;

const check = (
  build: Build,
  operands: readonly Operand[],
  options: { gradients?: boolean; tolerance?: number } = {},
): Promise<void> => checkDevices(build, operands, { tolerance: TOLERANCE, ...options, device });

const forward = { gradients: false } as const;
const at = (position: number): Tensor => constant(Int32Array.of(position), []);
/** A position for each sequence. */
const each = (...positions: number[]): Tensor => constant(Int32Array.from(positions));
const list = (...data: number[]): Operand => ({ shape: [data.length], data, dtype: 'i32' });
const positive = ({ shape, data }: Operand): Operand => ({
  shape,
  data: Float32Array.from(data, (v) => 0.1 + Math.abs(v)),
});
const key = constant(Int32Array.of(7, -3, 5));

describe('elementwise', () => {
  it.each(Object.entries({ add, sub, mul, div }))('%s, broadcasting', async (_name, op) => {
    await check(op, [values([3, 1, 5], 1), positive(values([4, 1], 2))]);
  });

  it('takes operands of any strides', async () => {
    const shuffled: Build = (a, b) => ops.add(ops.permute(a!, [2, 0, 1]), ops.slice(b!, 1, 1, 4));
    await check(
      shuffled,
      [values([3, 2, 4], 1), values([4, 5, 2], 2)].map((x, i) => (i ? values([4, 5, 2], 2) : x)),
    );
  });

  it('adds and multiplies integers exactly', async () => {
    const exact = { gradients: false, tolerance: 0 } as const;
    await check(
      (a, b) => ops.add(ops.add(a!, 3), b!),
      [list(2 ** 30 + 1, -5, 7), integers([2, 1], 9)],
      exact,
    );
    await check((a) => ops.mul(a!, 46_339), [list(46_341, -46_339, 0)], exact);
  });

  it.each(Object.entries({ neg, exp, tanh, relu, reluSquared, gelu, geluTanh, sigmoid, square }))(
    '%s',
    async (_name, op) => {
      const x = { shape: [260], data: Float32Array.from({ length: 260 }, (_, i) => (i - 130) / 13) };
      await check((v) => op(v!), [x]);
    },
  );

  it.each(Object.entries({ log, sqrt }))('%s', async (_name, op) => {
    await check((x) => op(x!), [positive(values([260], 1, 9))]);
  });

  it('tells what is infinite, and what is not a number', async () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const x = { shape: [8], data: Float32Array.of(nan, inf, -inf, 0, -0, 80, -110, 1) };
    await check(
      (v) => [ops.exp(v!), ops.tanh(v!), ops.sigmoid(v!), ops.log(v!), ops.gelu(ops.slice(v!, 0, 3))],
      [x],
      { ...forward, tolerance: 1e-5 },
    );
    await check((v) => [ops.relu(v!), ops.neg(v!), ops.contiguous(v!)], [x], forward);
  });

  it('masks', async () => {
    await check(
      (x) => [ops.maskedFill(x!, ops.causalMask(5), Number.NEGATIVE_INFINITY), ops.tril(x!)],
      [values([2, 5, 5])],
      forward,
    );
    await check((x) => ops.tril(x!), [values([2, 5, 5])]);
  });
});

describe('views', () => {
  it('pads, cuts and joins', async () => {
    await check(
      (x, y) => [ops.pad(x!, 1, 2, -1, 0.5), ops.concat([x!, y!, x!], 1), ops.shift(x!, 0)],
      [values([3, 4, 2], 1), values([3, 1, 2], 2)],
    );
    await check((x) => ops.pad(x!, 0, -1, 3, 9), [integers([5], 100)], { gradients: false, tolerance: 0 });
  });
});

describe('reduce', () => {
  it('sums rows and columns, few and many', async () => {
    await check((x) => [ops.sum(x!), ops.sum(x!, 0), ops.sum(x!, 1), ops.mean(x!, -1)], [values([3, 70, 5])]);
    await check((x) => [ops.sum(x!), ops.sum(x!, 0)], [values([5000, 2])]);
  });

  it('finds the largest', async () => {
    await check((x) => ops.max(x!, -1), [values([4, 33])]);
    const x = { shape: [2, 3], data: Float32Array.of(1, Number.NaN, 3, 2, 2, 1) };
    await check((v) => ops.max(v!, 1), [x]);
  });
});

describe('matmul', () => {
  it.each([
    [
      [5, 7],
      [7, 3],
    ],
    [
      [2, 3, 33, 20],
      [3, 20, 17],
    ],
    [
      [130, 40],
      [40, 70],
    ],
  ])('%j · %j', async (a, b) => {
    await check((x, y) => ops.matmul(x!, y!), [values(a, 1), values(b, 2)]);
  });

  it('of many terms for few results', async () => {
    await check(
      (x, y) => ops.matmul(ops.transpose(x!, 0, 1), y!),
      [values([1536, 5], 1), values([1536, 3], 2)],
    );
  });

  it('linear', async () => {
    await check(
      (x, w, b) => [ops.linear(x!, w!, b!), ops.linear(x!, w!)],
      [values([2, 9, 20], 1), values([17, 20], 2), values([17], 3)],
    );
  });

  it('does not depend on the tile', async () => {
    // Few tiles make small ones; of many batches of the same matrix each is computed by large ones, where there are such.
    const [a, b] = [values([70, 50], 1), values([50, 66], 2)].map(({ shape, data }) => constant(data, shape));
    const one = await device.evaluate(ops.matmul(a!, b!));
    const many = await device.evaluate(ops.matmul(ops.broadcastTo(a!, [64, 70, 50]), b!));
    expect(many.data.slice(0, one.size)).toEqual(one.data);
  });
});

describe('norm', () => {
  it('layerNorm', async () => {
    await check(
      (x, w, b) => [ops.layerNorm(x!, w!, b!), ops.layerNorm(x!, w!)],
      [values([2, 35, 24], 1), values([24], 2), values([24], 3)],
      { tolerance: 1e-5 },
    );
  });

  it('rmsNorm, also of a part of each row', async () => {
    await check((x) => [ops.rmsNorm(x!), ops.rmsNorm(ops.slice(x!, 2, 4, 12))], [values([3, 5, 16])], {
      tolerance: 1e-5,
    });
  });
});

describe('softmax', () => {
  it('softmax', async () => {
    await check((x) => [ops.softmax(x!), ops.softmax(x!, 0)], [values([7, 40], 1, 5)], { tolerance: 1e-5 });
    const { NEGATIVE_INFINITY: none } = Number;
    const x = { shape: [2, 3], data: Float32Array.of(1, none, 3, none, none, none) };
    await check((v) => ops.softmax(v!), [x], forward);
  });

  it('crossEntropy', async () => {
    const operands = [
      values([40, 65], 1, 5),
      { ...integers([40], 65), data: [...integers([40], 65).data].with(3, -1) },
    ];
    await check((x, y) => ops.crossEntropy(x!, y!), operands, { tolerance: 1e-5 });
  });

  it('crossEntropy has no value for a target that is no class, and over no rows', async () => {
    await check((x, y) => ops.crossEntropy(x!, y!), [values([3, 5]), list(1, 5, 2)]);
    await check((x, y) => ops.crossEntropy(x!, y!), [values([3, 5]), list(-1, -1, -1)], forward);
  });
});

describe('lookup', () => {
  it('embedding', async () => {
    const ids = integers([6, 17], 9).data;
    await check(
      (w, i) => ops.embedding(w!, i!),
      [values([9, 20]), { shape: [6, 17], data: ids, dtype: 'i32' }],
    );
    await check((w, i) => ops.embedding(w!, i!), [values([4, 3]), list(1, 4, -1, 3)], forward);
  });

  it('ngram', async () => {
    await check(
      (ids) => [
        ops.ngram(ids!, { order: 3, rows: 1000 }),
        ops.ngram(ids!, { order: 2, rows: 7, position: at(3), length: 4 }),
        ops.ngram(ids!, { order: 2, rows: 7, position: each(3, -1), length: 4 }),
      ],
      [integers([2, 9], 65)],
      { gradients: false, tolerance: 0 },
    );
  });

  it('rowAdaGrad', async () => {
    const build: Build = (table, squares, gradient, indices) =>
      Object.values(
        ops.rowAdaGrad({
          table: table!,
          squares: squares!,
          gradient: gradient!,
          indices: indices!,
          learningRate: scalar(0.3),
        }),
      );
    await check(
      build,
      [values([9, 20]), positive(values([9], 2)), values([40, 20], 3), integers([40], 7)],
      forward,
    );
  });
});

describe('rotary', () => {
  it.each([0, 3, 1000])('turns by position %i', async (position) => {
    await check((x) => ops.rotary(x!, at(position)), [values([2, 5, 3, 8])], { tolerance: 5e-6 });
  });

  it('turns each sequence by a position of its own', async () => {
    await check((x) => ops.rotary(x!, each(3, 1000)), [values([2, 5, 3, 8])], { tolerance: 5e-6 });
  });
});

describe('dropout', () => {
  it('draws the reference’s mask', async () => {
    await check((x) => ops.dropout(x!, 0.3, key), [values([3, 35])]);
  });
});

describe('attention', () => {
  const heads = (x: Tensor, T: number): Tensor => ops.reshape(x, [2, T, 3, 8]);

  it('of a joint projection', async () => {
    const build: Build = (x) => {
      const [q, k, v] = ops.split(x!, 24, -1).map((part) => heads(part, 21));
      return ops.attention(q!, k!, v!);
    };
    await check(build, [values([2, 21, 72], 1, 2)], { tolerance: 1e-5 });
  });

  it('by tiles, with dropout and as many threads as a real GPU takes', async () => {
    const real = await WebGpuDevice.create({ gpu: posing });
    const operands = [1, 2, 3].map((seed) => values([2, 37, 2, 16], seed, 2));
    const build: Build = (q, k, v) => ops.attention(q!, k!, v!, { dropout: { p: 0.2, key } });
    for (const where of [real, device])
      await checkDevices(build, operands, { tolerance: 1e-5, device: where });
    await real.dispose();
  });

  it('by tiles, of queries that stand behind others, or before all', async () => {
    const operands = [values([2, 9, 1, 8], 1), values([2, 21, 1, 8], 2), values([2, 21, 1, 8], 3)];
    await check((q, k, v) => ops.attention(q!, k!, v!, { position: each(12, 0) }), operands, {
      tolerance: 1e-5,
    });
  });

  it('with dropout, of an odd width', async () => {
    const operands = [1, 2, 3].map((seed) => values([2, 20, 1, 5], seed, 2));
    await check((q, k, v) => ops.attention(q!, k!, v!, { dropout: { p: 0.2, key } }), operands, {
      tolerance: 1e-5,
    });
  });

  it('with a cache', async () => {
    const operands = [values([2, 2, 1, 8], 1), values([2, 9, 1, 8], 2), values([2, 9, 1, 8], 3)];
    await check((q, k, v) => ops.attention(q!, k!, v!, { position: at(4) }), operands, { tolerance: 1e-5 });
    await check((q, k, v) => ops.attention(q!, k!, v!, { position: each(6, 2) }), operands, {
      tolerance: 1e-5,
    });
  });
});

describe('cacheWrite', () => {
  it.each([-1, 2, 4])('at %i', async (position) => {
    await check(
      (c, u) => ops.cacheWrite(c!, u!, at(position)),
      [values([2, 5, 3], 1), values([2, 2, 3], 2)],
      forward,
    );
  });
});

it('cacheWrite of the first sequences, each at a position of its own', async () => {
  const operands = [values([3, 5, 3], 1), values([2, 2, 3], 2)];
  await check((c, u) => ops.cacheWrite(c!, u!, each(4, 1)), operands, forward);
});

describe('optimizers', () => {
  it('globalNorm and clipScale', async () => {
    const build: Build = (...x) => {
      const norm = ops.globalNorm(x);
      return [norm, ops.clipScale(norm, 1)];
    };
    await check(build, [values([5000], 1), values([3, 4], 2), values([], 3)], forward);
    // More tensors than a kernel can have buffers; and what is not finite.
    const infinite = { shape: [1], data: Float32Array.of(Number.POSITIVE_INFINITY) };
    const norm = await device.evaluate(ops.globalNorm([constant(infinite.data), constant(values([9]).data)]));
    expect(Number.isFinite(norm.data[0])).toBe(false);
  });

  it('unscale', async () => {
    const build: Build = (factor, ...x) => [...ops.unscale(x, factor!, scalar(3))];
    await check(build, [values([], 4), values([5000], 1), values([3, 4], 2), values([], 3)], forward);
    const x = constant(Float32Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY, -2));
    for (const norm of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const [zeros] = ops.unscale([x], scalar(2), scalar(norm));
      expect([...(await device.evaluate(zeros!)).data]).toEqual([0, 0, 0, 0]);
    }
  });

  it.each([1, 2, 1000, 100_000])('adamW, step %i', async (step) => {
    const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
    const build: Build = (parameter, gradient, m, v) =>
      Object.values(
        adamW(
          {
            parameter: parameter!,
            gradient: gradient!,
            m: m!,
            v: v!,
            learningRate: scalar(0.01),
            step: at(step),
            gradientScale: scalar(0.5),
          },
          options,
        ),
      );
    await check(
      build,
      [values([70], 1), values([70], 2), values([70], 3), positive(values([70], 4))],
      forward,
    );
  });

  it('muon', async () => {
    const momentum: Build = (m1, m2, g1, g2) => {
      const { moments, directions } = muonMomentum([m1!, m2!], [g1!, g2!], {
        momentum: scalar(0.75),
        gradientScale: scalar(0.5),
      });
      return [...moments, directions];
    };
    await check(
      momentum,
      [1, 2, 3, 4].map((seed) => values([9, 7], seed)),
      forward,
    );
    const grams: Build = (a, b) => Object.values(normalizeGrams([a!, b!]));
    await check(grams, [positive(values([2, 6, 6], 1)), positive(values([1, 6, 6], 2))], forward);
    const products: Build = (x) => {
      const gram = symmetricMatmul(x!, ops.transpose(x!, 1, 2));
      return [gram, symmetricPolynomial(gram, { alpha: 3.4, beta: -4.7, gamma: 2 })];
    };
    await check(products, [values([2, 18, 7])], forward);
    const update: Build = (d, s, p1, p2) => [
      ...muonUpdate(
        [p1!, p2!],
        { directions: d!, scales: s!, learningRate: scalar(0.25) },
        { weightDecay: 0.5, factor: 2 },
      ),
    ];
    await check(
      update,
      [values([2, 9, 7], 1), values([2], 2), values([9, 7], 3), values([9, 7], 4)],
      forward,
    );
  });
});
