import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lecture } from '../../testing/lecture.ts';
import { NanobardError } from '../errors.ts';
import { boxMuller16 } from './box-muller.ts';
import { Generator } from './generator.ts';

// Made by scripts/fixtures/generator.py with PyTorch.
const fixture: {
  seeds: string[];
  draws: Record<Kind, { first: number[]; digests: string }[]>;
  interleaved: { steps: [Kind, number, string][]; words: string; index: number; nextNormal: number | null }[];
  everyUniform: { radiusTwo: number; radius: string; cosine: string; sine: string };
} = JSON.parse(readFileSync(new URL('./fixtures/generator.json', import.meta.url), 'utf8'));
const seeds = fixture.seeds.map(BigInt);

// The same draws, with the same parameters, as in the script.
const kinds = {
  randint: (g: Generator, n: number) => g.randint(-n, n ** 3, n),
  randperm: (g: Generator, n: number) => g.randperm(n),
  rand: (g: Generator, n: number) => g.rand(n),
  uniform: (g: Generator, n: number) => g.uniform(n, -1 / n, n / 3),
  randn: (g: Generator, n: number) => g.randn(n),
  normal: (g: Generator, n: number) => g.normal(n, 1 / n, n / 3),
  exponential: (g: Generator, n: number) => g.exponential(n),
  multinomial: (g: Generator, n: number) => g.multinomial(g.rand(2 * n), 2, n),
};
type Kind = keyof typeof kinds;

function digest(values: Int32Array | Uint32Array | Float32Array): string {
  return createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex').slice(0, 8);
}

describe('Generator against PyTorch', () => {
  for (const kind of Object.keys(kinds) as Kind[]) {
    it(`draws the same ${kind}, sizes 1 to 1000 from ${seeds.length} seeds`, () => {
      seeds.forEach((seed, i) => {
        const expected = fixture.draws[kind][i]!;
        const first = kinds[kind](new Generator(seed), 20).subarray(0, expected.first.length);
        expect(Array.from(first), `seed ${seed}`).toEqual(expected.first);
        const generator = new Generator(seed);
        for (let n = i + 1, at = 0; n <= 1000; n += seeds.length, at += 8) {
          const got = digest(kinds[kind](generator, n));
          expect(got, `seed ${seed}, size ${n}`).toBe(expected.digests.slice(at, at + 8));
        }
      });
    });
  }

  it('draws the same when kinds and sizes are mixed, and ends in the same state', () => {
    seeds.forEach((seed, i) => {
      const { steps, words, index, nextNormal } = fixture.interleaved[i]!;
      const generator = new Generator(seed);
      steps.forEach(([kind, n, expected], step) => {
        expect(digest(kinds[kind](generator, n)), `seed ${seed}, step ${step}: ${kind}(${n})`).toBe(expected);
      });
      const state = generator.getState();
      expect(digest(Uint32Array.from(state.words)), `seed ${seed}`).toBe(words);
      expect(state.index).toBe(index);
      if (nextNormal === null) expect(state.nextNormal).toBeNull();
      else expect(Math.abs(state.nextNormal! / nextNormal - 1)).toBeLessThan(2 ** -50); // float64 libm
    });
  });

  it('makes the same normal numbers of every one of the 2^24 uniforms', () => {
    const { radiusTwo, radius, cosine, sine } = fixture.everyUniform;
    const radii = new Float32Array(2 ** 24);
    const cosines = new Float32Array(2 ** 24);
    const sines = new Float32Array(2 ** 24);
    const block = new Float32Array(16);
    for (let i = 0; i < 2 ** 24; i += 8) {
      for (let j = 0; j < 8; j++) block[j] = i + j;
      block.fill(0, 8);
      boxMuller16(block, 0, 0, 1);
      radii.set(block.subarray(0, 8), i);

      for (let j = 0; j < 8; j++) block[8 + j] = i + j;
      block.fill(radiusTwo, 0, 8);
      boxMuller16(block, 0, 0, 1);
      cosines.set(block.subarray(0, 8), i);
      sines.set(block.subarray(8), i);
    }
    expect([digest(radii), digest(cosines), digest(sines)]).toEqual([radius, cosine, sine]);
  }, 60_000); // 16 million numbers on a machine that may be busy

  it('samples the text that the untrained bigram model of the lecture samples', () => {
    const vocabulary = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const size = vocabulary.length;
    const generator = new Generator(1337);
    const logits = generator.randn(size * size); // (65, 65)
    let token = 0;
    let text = vocabulary[token]!;
    for (let i = 0; i < 100; i++) {
      const weights = logits.subarray(token * size, (token + 1) * size).map(Math.exp);
      const sum = weights.reduce((a, b) => a + b);
      token = generator.multinomial(
        weights.map((weight) => weight / sum),
        1,
        size,
      )[0]!;
      text += vocabulary[token];
    }
    expect(text).toBe(
      '\nSKIcLT;AcELMoTbvZv C?nq-QE33:CJqkOKH-q;:la!oiywkHjgChzbQ?u!3bLIgwevmyFJGUGp\nwnYWmnxKWWev-tDqXErVKLgJ',
    );
  });

  it("picks the lecture's first batch", () => {
    const trainTokens = Math.floor(0.9 * lecture.length);
    const starts = new Generator(1337).randint(0, trainTokens - 8, 4);
    expect(Array.from(starts)).toEqual(lecture.starts.slice(0, 4));
  });
});

describe('Generator', () => {
  const calls = fc.array(
    fc.tuple(fc.constantFrom(...(Object.keys(kinds) as Kind[])), fc.integer({ min: 1, max: 40 })),
  );
  const draw = (generator: Generator, list: [Kind, number][]) =>
    list.map(([kind, n]) => Array.from(kinds[kind](generator, n)));

  it('goes on from a state that went through JSON as if nothing had happened', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), calls, calls, (seed, before, after) => {
        const generator = new Generator(seed);
        draw(generator, before);
        const copy = Generator.fromState(JSON.parse(JSON.stringify(generator.getState())));
        expect(draw(copy, after)).toEqual(draw(generator, after));
      }),
      { numRuns: 50 },
    );
  });

  it('starts over with manualSeed, forgetting the cached normal number', () => {
    const generator = new Generator(7);
    const first = generator.randn(3);
    expect(generator.getState().nextNormal).not.toBeNull();
    expect(generator.manualSeed(7).randn(3)).toEqual(first);
  });

  it('draws single integers as it draws arrays', () => {
    const one = new Generator(3);
    const expected = new Generator(3).randint(0, 65, 100);
    expect(Array.from({ length: 100 }, () => one.randint(65))).toEqual([...expected]);
  });

  it('takes the low 32 bits of the seed', () => {
    const expected = new Generator(2 ** 32 - 1).rand(4);
    expect(new Generator(-1).rand(4)).toEqual(expected);
    expect(new Generator(2n ** 64n - 1n).rand(4)).toEqual(expected);
  });

  it('draws nothing when asked for nothing', () => {
    const generator = new Generator(1);
    const before = generator.getState();
    for (const kind of [
      generator.rand(0),
      generator.randn(0),
      generator.randint(0, 5, 0),
      generator.randperm(0),
    ]) {
      expect(kind).toHaveLength(0);
    }
    expect(generator.getState()).toEqual(before);
  });

  it('never samples a category of probability 0', () => {
    const generator = new Generator(1);
    const probabilities = new Float32Array(1000 * 3).map((_, i) => [0, 0.2, 0][i % 3]!);
    expect(new Set(generator.multinomial(probabilities, 1000, 3))).toEqual(new Set([1]));
  });

  it.each([
    ['a seed with a fraction', () => new Generator(1.5)],
    ['a seed of more than 64 bits', () => new Generator(2n ** 64n)],
    ['a size with a fraction', () => new Generator(0).rand(1.5)],
    ['a negative size', () => new Generator(0).randn(-1)],
    ['an empty range of integers', () => new Generator(0).randint(5, 5, 1)],
    ['integers of more than 32 bits', () => new Generator(0).randint(2 ** 31 + 1)],
    ['bounds in the wrong order', () => new Generator(0).uniform(1, 1, 0)],
    ['a negative standard deviation', () => new Generator(0).normal(1, 0, -1)],
    [
      'a NaN among the probabilities',
      () => new Generator(0).multinomial(new Float32Array([1, Number.NaN]), 1, 2),
    ],
    ['a row of zeros', () => new Generator(0).multinomial(new Float32Array([1, 0, 0, 0]), 2, 2)],
    [
      'probabilities that do not fill the rows',
      () => new Generator(0).multinomial(new Float32Array(5), 2, 2),
    ],
    [
      'a state with a word missing',
      () => {
        const state = new Generator(0).getState();
        Generator.fromState({ ...state, words: state.words.slice(1) });
      },
    ],
  ])('refuses %s', (_, call) => {
    expect(call).toThrow(NanobardError);
    expect(call).toThrow(expect.objectContaining({ code: 'argument' }));
  });
});
