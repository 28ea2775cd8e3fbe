import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkThreads,
  devices,
  extent,
  integers,
  RUNS,
  reference,
} from '../../../testing/check.ts';
import { compile } from '../../program/compile.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { cacheWrite } from '../cache-write/cache-write.ts';
import { constant } from '../constant/constant.ts';
import { reshape } from '../views/views.ts';
import { ngram } from './lookup.ts';

const ids = (...tokens: number[]): Tensor => constant(Int32Array.from(tokens), [1, tokens.length]);
const at = (position: number): Tensor => constant(Int32Array.of(position), []);
const values = async (y: Tensor): Promise<number[]> => Array.from((await reference.evaluate(y)).data);

/** The hash as ngram.ts defines it, in whole numbers of any size. */
function hashByDefinition(tokens: readonly number[]): bigint {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  let h = 0n;
  for (const token of tokens) {
    h = word((h ^ word(BigInt(token + 1))) * 0x9e3779b1n);
    h ^= h >> 15n;
  }
  h = word((h ^ (h >> 16n)) * 0x85ebca6bn);
  h = word((h ^ (h >> 13n)) * 0xc2b2ae35n);
  return h ^ (h >> 16n);
}

describe('ngram', () => {
  it('gives the rows that it has always given: saved models depend on them', async () => {
    const sequence = ids(18, 47, 56, 57, 58, 1, 15, 0);
    expect(await values(ngram(sequence, { order: 1, rows: 65536 }))).toEqual([
      53254, 50210, 40826, 26860, 32596, 8524, 52680, 12866,
    ]);
    expect(await values(ngram(sequence, { order: 3, rows: 65536 }))).toEqual([
      51245, 17371, 25733, 22382, 24789, 1253, 42949, 24135,
    ]);
    expect(await values(ngram(sequence, { order: 5, rows: 1000003 }))).toEqual([
      255132, 819618, 343263, 651698, 485130, 5166, 383514, 333748,
    ]);
  });

  it('is the hash of the definition', async () => {
    const token = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer());
    await fc.assert(
      fc.asyncProperty(
        fc.array(token, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 10 }),
        fc.oneof(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.constant(2 ** 31 - 1)),
        async (tokens, order, rows) => {
          const expected = tokens.map((_, p) =>
            Number(
              hashByDefinition(Array.from({ length: order }, (_, j) => tokens[p - j] ?? -1)) % BigInt(rows),
            ),
          );
          expect(await values(ngram(ids(...tokens), { order, rows }))).toEqual(expected);
        },
      ),
    );
  });

  it('is the same on every device, at any position', async () => {
    const position = fc.oneof(fc.integer({ min: -10, max: 40 }), fc.constantFrom(2 ** 31 - 1, -(2 ** 31)));
    await fc.assert(
      fc.asyncProperty(
        extent,
        extent,
        extent,
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(1, 2, 1000, 65536, 2 ** 31 - 1),
        position,
        async (B, S, length, order, rows, position) => {
          const hash = (x: Tensor): Tensor => ngram(x, { order, rows, length, position: at(position) });
          await checkDevices(hash, [integers([B, S], 50257)], { gradients: false, tolerance: 0 });
        },
      ),
      RUNS,
    );
  });

  it('begins in each sequence at a place of its own', async () => {
    const places = [4, -1, 0];
    const { shape, data } = integers([3, 6], 65);
    const options = { order: 3, rows: 1000, length: 2 };
    const hash = (x: Tensor): Tensor => ngram(x, { ...options, position: constant(Int32Array.from(places)) });
    await checkDevices(hash, [{ shape, data, dtype: 'i32' }], { gradients: false, tolerance: 0 });
    const together = await values(hash(constant(data, shape)));
    for (const [b, place] of places.entries()) {
      const alone = ngram(ids(...data.slice(6 * b, 6 * b + 6)), { ...options, position: at(place) });
      expect(together.slice(2 * b, 2 * b + 2)).toEqual(await values(alone));
    }
  });

  it('does not see what comes later, nor what lies more than order − 1 places back', async () => {
    const options = { order: 3, rows: 2 ** 30 };
    const before = await values(ngram(ids(1, 2, 3, 4, 5, 6), options));
    const after = await values(ngram(ids(1, 2, 9, 4, 5, 6), options));
    expect(before.map((row, p) => row === after[p])).toEqual([true, true, false, false, false, true]);
  });

  it('tells apart the same tokens in another order, and a start from a token 0', async () => {
    const options = { order: 2, rows: 2 ** 30 };
    const rows = [ids(1, 2), ids(2, 1), ids(0, 1), ids(1, 1)].map(async (x) => values(ngram(x, options)));
    const all = (await Promise.all(rows)).flat();
    expect(new Set(all).size).toBe(all.length - 1); // only [1, 2] and [1, 1] begin alike
  });

  it('gives in decoding what it gives for the whole sequence', async () => {
    const [B, S] = [2, 7];
    const data = integers([B, S], 65).data;
    const options = { order: 4, rows: 1000 };
    const whole = await values(ngram(constant(data, [B, S]), options));
    const cache = new Variable([B, S, 1], { dtype: 'i32' });
    const position = new Input('position', [], 'i32');
    const written = cacheWrite(cache, new Input('token', [B, 1, 1], 'i32'), position);
    const row = ngram(reshape(written, [B, S]), { ...options, position, length: 1 });
    const program = compile({ outputs: { row }, assign: [[cache, written]] });
    for (const device of devices) {
      await device.write(cache, new Int32Array(B * S).fill(33)); // what an earlier text has left there
      const executable = await device.load(program);
      for (let p = 0; p < S; p++) {
        executable.input('position')[0] = p;
        executable.input('token').set([data[p]!, data[S + p]!]);
        await executable.run();
        expect(Array.from(await executable.read('row'))).toEqual([whole[p], whole[S + p]]);
      }
    }
  });

  it.each([2, 3, 4, 5])('spreads %i-grams over the rows as chance would', async (order) => {
    const n = 20000;
    const rows = 32768;
    const tokens = integers([1, n], 65, 3).data;
    const distinct = new Set(
      Array.from(tokens, (_, p) => tokens.slice(Math.max(0, p - order + 1), p + 1).join()),
    );
    const used = new Set(await values(ngram(constant(tokens, [1, n]), { order, rows })));
    const expected = rows * (1 - (1 - 1 / rows) ** distinct.size);
    expect(Math.abs(used.size / expected - 1)).toBeLessThan(0.02);
    const wide = new Set(await values(ngram(constant(tokens, [1, n]), { order, rows: 2 ** 31 - 1 })));
    expect(distinct.size - wide.size).toBeLessThan(3);
  });

  it('is the same for any number of threads', async () => {
    await checkThreads(ngram(constant(integers([7, 333], 65).data, [7, 333]), { order: 4, rows: 99991 }));
  });

  it('names what does not fit', () => {
    const x = new Input('x', [2, 8], 'i32');
    const good = { order: 2, rows: 10 };
    expect(() => ngram(new Input('x', [8], 'i32'), good)).toThrow(
      'ngram: ids must have the shape (B, S) (given (8))',
    );
    expect(() => ngram(new Input('x', [2, 8]), good)).toThrow('ngram: ids must be i32, not f32');
    expect(() => ngram(x, { ...good, position: new Input('p', [1], 'i32') })).toThrow(
      'ngram: the position must be an i32 scalar or a number for each of 2 sequences, not i32 (1)',
    );
    expect(() => ngram(x, { ...good, position: new Input('p', []) })).toThrow('not f32 ()');
    expect(() => ngram(x, { ...good, order: 0 })).toThrow(
      'ngram: order must be an integer from 1 to 2^31 − 1, not 0',
    );
    expect(() => ngram(x, { ...good, rows: 2 ** 31 })).toThrow('rows must be an integer');
    expect(() => ngram(x, { ...good, rows: 1.5 })).toThrow('not 1.5');
    expect(() => ngram(x, { ...good, length: -1 })).toThrow('length must be an integer from 0');
  });
});
