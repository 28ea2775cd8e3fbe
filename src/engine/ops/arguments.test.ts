// What programs without types may pass: every operation says what is wrong before it computes.
import { describe, expect, it } from 'vitest';
import { NanobardError } from '../errors.ts';
import { Input, type Tensor } from '../tensor/tensor.ts';
import * as ops from './index.ts';

const [x, ids, position] = [new Input('x', [2, 4]), new Input('ids', [2], 'i32'), new Input('p', [], 'i32')];
const heads = new Input('heads', [1, 2, 2, 4]);
const key = new Input('key', [3], 'i32');
const vector = new Input('vector', [4]);
const one = new Input('one', []);

/** A call of each operation that is right, by name; the rest is put wrong one argument at a time. */
const calls: Record<string, readonly unknown[]> = {
  add: [x, x], sub: [x, x], mul: [x, x], div: [x, x],
  neg: [x], exp: [x], log: [x], sqrt: [x], tanh: [x], relu: [x], reluSquared: [x], sigmoid: [x], square: [x], gelu: [x], geluTanh: [x],
  arange: [3], attention: [heads, heads, heads], broadcastTo: [x, [3, 2, 4]],
  cacheWrite: [new Input('cache', [1, 3, 2]), new Input('update', [1, 1, 2]), position],
  causalMask: [3], clipScale: [one, 1], concat: [[x, x], 0], contiguous: [x], crossEntropy: [x, ids],
  dropout: [x, 0.5, key], embedding: [x, ids], globalNorm: [[x]], layerNorm: [x, vector], linear: [x, x],
  maskedFill: [x, new Input('mask', [2, 4], 'i32'), 0], matmul: [x, new Input('b', [4, 2])], max: [x, 1], mean: [x],
  ngram: [new Input('idx', [2, 3], 'i32'), { order: 2, rows: 7 }], ones: [[2]], pad: [x, 0, 1, 1], permute: [x, [1, 0]],
  reshape: [x, [8]], rmsNorm: [x], rotary: [heads], scalar: [1], shift: [x, 0], slice: [x, 0, 1], softmax: [x],
  split: [x, 2], stack: [[x, x], 0], sum: [x], tensor: [[1]], transpose: [x, 0, 1], tril: [x], unscale: [[x], one, one], zeros: [[2]],
  constant: [new Float32Array(2)],
}; // biome-ignore format: a table

/** Options and further arguments that are numbers, each of which must not be NaN. */
const numbers: Record<string, (value: number) => unknown> = {
  'attention: scale': (scale) => ops.attention(heads, heads, heads, { scale }),
  'attention: dropout': (p) => ops.attention(heads, heads, heads, { dropout: { p, key } }),
  'crossEntropy: ignoreIndex': (ignoreIndex) => ops.crossEntropy(x, ids, { ignoreIndex }),
  'layerNorm: epsilon': (epsilon) => ops.layerNorm(x, vector, undefined, epsilon),
  'ngram: length': (length) => ops.ngram(new Input('idx', [2, 3], 'i32'), { order: 2, rows: 7, length }),
  'ngram: order': (order) => ops.ngram(new Input('idx', [2, 3], 'i32'), { order, rows: 7 }),
  'rmsNorm: epsilon': (epsilon) => ops.rmsNorm(x, epsilon),
  'rotary: base': (base) => ops.rotary(heads, undefined, { base }),
  'rowAdaGrad: epsilon': (epsilon) =>
    ops.rowAdaGrad(
      { table: x, squares: new Input('s', [2]), gradient: x, indices: ids, learningRate: one },
      { epsilon },
    ),
  ...Object.fromEntries(
    Object.entries(calls).flatMap(([name, args]) =>
      args.flatMap((argument, i) =>
        typeof argument === 'number' && !['scalar', 'maskedFill'].includes(name)
          ? [[`${name}: argument ${i}`, (value: number) => call(name, args.with(i, value))]]
          : [],
      ),
    ),
  ),
};

function call(name: string, args: readonly unknown[]): unknown {
  return (ops as unknown as Record<string, (...args: readonly unknown[]) => Tensor>)[name]!(...args);
}

/** The call fails as nanobard fails, and not by a TypeError from within. */
function refused(run: () => unknown, what: string): void {
  let failure: unknown;
  try {
    run();
  } catch (error) {
    failure = error;
  }
  expect(failure, what).toBeInstanceOf(NanobardError);
  expect((failure as NanobardError).code, what).toMatch(/^(shape|argument)$/);
}

describe('arguments of the wrong type', () => {
  const all = Object.keys(ops).filter((name) => !['grad', 'rowAdaGrad'].includes(name));

  it('are tried on every operation', () => {
    expect(Object.keys(calls).sort()).toEqual(all.sort());
  });

  it.each(Object.entries(calls))('%s', (name, args) => {
    expect(() => call(name, args)).not.toThrow();
    args.forEach((argument, i) => {
      const wrong = typeof argument === 'number' ? [null, '1', {}] : [null, undefined, 'x', {}];
      for (const value of wrong)
        refused(() => call(name, args.with(i, value)), `${name} with ${value} at ${i}`);
    });
  });

  it.each(Object.entries(numbers))('%s is not NaN, nor a string', (what, run) => {
    refused(() => run(Number.NaN), what);
    refused(() => run('1' as unknown as number), what);
  });
});
