import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Sampler, type SamplingRule } from './sampling.ts';

const DRAWS = 20_000;

/** How often each token is drawn. */
function frequencies(logits: readonly number[], rule: SamplingRule): number[] {
  const sampler = new Sampler(rule, new Generator(1));
  const counts = logits.map(() => 0);
  for (let i = 0; i < DRAWS; i++) counts[sampler.next(logits)]! += 1 / DRAWS;
  return counts;
}

function softmax(logits: readonly number[]): number[] {
  const weights = logits.map((x) => Math.exp(x));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Within five standard deviations of a frequency. */
function expectFrequencies(actual: readonly number[], expected: readonly number[]): void {
  expected.forEach((p, i) => {
    expect(Math.abs(actual[i]! - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / DRAWS));
  });
}

/** Which tokens can be drawn at all. */
function candidates(logits: readonly number[], rule: SamplingRule, draws = 200): number[] {
  const sampler = new Sampler(rule, new Generator(1));
  return [...new Set(Array.from({ length: draws }, () => sampler.next(logits)))].sort((a, b) => a - b);
}

const logits = [1, -1, 3, 0.5, 2.5, Number.NEGATIVE_INFINITY];

describe('Sampler', () => {
  it('draws tokens as often as the softmax of their logits says', () => {
    expectFrequencies(frequencies(logits, {}), softmax(logits));
  });

  it('divides the logits by the temperature', () => {
    for (const temperature of [0.5, 2]) {
      expectFrequencies(frequencies(logits, { temperature }), softmax(logits.map((x) => x / temperature)));
    }
    expect(candidates([-1000, 1000], { temperature: 1e-300 })).toEqual([1]);
    expect(candidates([1000, 1001], { temperature: 1e30 })).toEqual([0, 1]);
  });

  it('takes the likeliest token at temperature 0, the first of equals, without drawing', () => {
    const generator = new Generator(1);
    const state = generator.getState();
    const sampler = new Sampler({ temperature: 0, topK: 3, topP: 0.5 }, generator);
    expect(sampler.next(logits)).toBe(2);
    expect(sampler.next([2, 7, 7, 1])).toBe(1);
    expect(generator.getState()).toEqual(state);
  });

  it('keeps the k likeliest tokens, and equals of the last of them, as nanoGPT does', () => {
    expect(candidates(logits, { topK: 1 })).toEqual([2]);
    expect(candidates(logits, { topK: 3 })).toEqual([0, 2, 4]);
    expect(candidates([1, 2, 1, 0, 1], { topK: 2 })).toEqual([0, 1, 2, 4]);
    expect(candidates(logits, { topK: 100 }, 2000)).toEqual([0, 1, 2, 3, 4]);
    const kept = softmax(logits.map((x, i) => ([0, 2, 4].includes(i) ? x : Number.NEGATIVE_INFINITY)));
    expectFrequencies(frequencies(logits, { topK: 3 }), kept);
  });

  it('finds the k likeliest among many: property', () => {
    const some = fc.array(fc.oneof(fc.double({ min: -3, max: 3, noNaN: true }), fc.constantFrom(0, 1)), {
      minLength: 2,
      maxLength: 60,
    });
    fc.assert(
      fc.property(some, fc.nat(), (all, n) => {
        const k = 1 + (n % (all.length - 1));
        const floor = all.toSorted((a, b) => b - a)[k - 1]!;
        const allowed = all.flatMap((x, i) => (x >= floor ? i : []));
        const drawn = candidates(all, { topK: k, temperature: 1e6 }, 50 * all.length);
        expect(allowed).toEqual(expect.arrayContaining(drawn));
        expect(drawn.length).toBe(allowed.length); // nearly even odds, so that none is missed
      }),
      { numRuns: 100 },
    );
  });

  it('keeps the fewest likeliest tokens that reach a probability', () => {
    const probabilities = [0.15, 0.4, 0.05, 0.25, 0.15];
    const x = probabilities.map(Math.log);
    expect(candidates(x, { topP: 1e-9 })).toEqual([1]);
    expect(candidates(x, { topP: 0.39 })).toEqual([1]);
    expect(candidates(x, { topP: 0.41 })).toEqual([1, 3]);
    expect(candidates(x, { topP: 0.7 })).toEqual([0, 1, 3]); // of equals the first
    expect(candidates(x, { topP: 0.9 })).toEqual([0, 1, 3, 4]);
    expect(candidates(x, { topP: 1 })).toEqual([0, 1, 2, 3, 4]);
    expectFrequencies(frequencies(x, { topP: 0.6 }), [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0]);
  });

  it('applies top-k first, then top-p to what it left', () => {
    const x = [0.4, 0.3, 0.2, 0.1].map(Math.log);
    expect(candidates(x, { topK: 2, topP: 0.5 })).toEqual([0]); // 0.4/0.7 of the two
    expect(candidates(x, { topP: 0.5 })).toEqual([0, 1]);
  });

  it('draws like torch.multinomial: the same seed, the same tokens', () => {
    const generator = new Generator(42);
    const sampler = new Sampler({}, new Generator(42));
    const finite = logits.slice(0, 5);
    for (let i = 0; i < 20; i++) {
      expect(sampler.next(finite)).toBe(generator.multinomial(Float32Array.from(softmax(finite)), 1, 5)[0]);
    }
  });

  it.each<[SamplingRule, string]>([
    [{ temperature: -1 }, 'temperature must be a number from 0 on, not -1'],
    [{ temperature: Number.NaN }, 'temperature must be a number from 0 on, not NaN'],
    [{ temperature: Number.POSITIVE_INFINITY }, 'temperature must be a number from 0 on, not Infinity'],
    [{ topK: 0 }, 'topK must be a whole number from 1 on, not 0'],
    [{ topK: 1.5 }, 'topK must be a whole number from 1 on, not 1.5'],
    [{ topP: 0 }, 'topP must be a number above 0 and at most 1, not 0'],
    [{ topP: 1.1 }, 'topP must be a number above 0 and at most 1, not 1.1'],
  ])('refuses %j', (rule, message) => {
    expect(() => new Sampler(rule, new Generator(1))).toThrow(NanobardError);
    expect(() => new Sampler(rule, new Generator(1))).toThrow(message);
  });

  it('does not draw from logits that are not numbers', () => {
    for (const temperature of [1, 0]) {
      const sampler = new Sampler({ temperature }, new Generator(1));
      expect(() => sampler.next([Number.NaN, 1])).toThrow('the logit of token 0 is not a number');
      expect(() => sampler.next([1, 2, Number.NaN])).toThrow('the logit of token 2 is not a number');
    }
  });
});
