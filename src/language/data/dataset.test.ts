import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Generator } from '../../engine/tensor/generator.ts';
import { lecture, lectureTokens } from '../../testing/lecture.ts';
import { Dataset, IGNORED_TARGET, newBatch, type WindowStarts, windows } from './dataset.ts';

const counting = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i);

/** Answers with the given numbers and notes what it was asked. */
function scripted(...answers: number[]): WindowStarts & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    next(places) {
      asked.push(places);
      return answers.shift()!;
    },
  };
}

describe('Dataset', () => {
  it('splits off the last tenth', () => {
    const { train, validation } = new Dataset(counting(1009), 8);
    expect(train).toEqual(counting(908)); // where the text is in memory, so are its parts
    expect(validation).toEqual(counting(1009).subarray(908));
  });

  it('needs one block and the token after it in each split, and the hint gives the shortest such text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), (blockSize) => {
        const shortest = 10 * blockSize + 1;
        const { train, validation } = new Dataset(counting(shortest), blockSize);
        expect(Math.min(train.length, validation.length)).toBeGreaterThanOrEqual(blockSize + 1);
        expect(() => new Dataset(counting(shortest - 1), blockSize)).toThrow(
          expect.objectContaining({
            code: 'file',
            hint: expect.stringContaining(`at least ${shortest} tokens`),
          }),
        );
      }),
    );
    expect(() => new Dataset(counting(120), 64)).toThrow(
      'The text is too short for a block size of 64: of its 120 tokens the last 12 are for validation, ' +
        'and 65 are needed there',
    );
    expect(() => new Dataset(counting(0), 8)).toThrow('of its 0 tokens');
  });
});

describe('Dataset.batch', () => {
  it('has windows at the drawn positions, targets one token on', () => {
    const dataset = new Dataset(counting(100), 3);
    const starts = scripted(5, 0, 86);
    const [x, y] = dataset.batch('train', 3, starts);
    expect(x.toArray()).toEqual([
      [5, 6, 7],
      [0, 1, 2],
      [86, 87, 88],
    ]);
    expect(y.toArray()).toEqual([
      [6, 7, 8],
      [1, 2, 3],
      [87, 88, 89],
    ]);
    // torch.randint(len(data) - block_size, (batch_size,)) over the 90 tokens of the split
    expect(starts.asked).toEqual([87, 87, 87]);
  });

  it('draws from the validation split, which may hold a single window', () => {
    const dataset = new Dataset(counting(31), 3);
    const starts = scripted(0);
    const [x, y] = dataset.batch('validation', 1, starts);
    expect([x.toArray(), y.toArray()]).toEqual([[[27, 28, 29]], [[28, 29, 30]]]);
    expect(starts.asked).toEqual([1]);
  });
});

describe('windows', () => {
  it('goes over a split in order and marks what is after its end', () => {
    const dataset = new Dataset(counting(101), 2); // validation: 90 … 100, ten targets
    const batch = newBatch(2, 2);
    const [x, y] = batch;
    const seen = Array.from(windows(dataset.validation, batch), (real) => [real, [...x.data], [...y.data]]);
    expect(seen).toEqual([
      [4, [90, 91, 92, 93], [91, 92, 93, 94]],
      [4, [94, 95, 96, 97], [95, 96, 97, 98]],
      [2, [98, 99, 0, 0], [99, 100, IGNORED_TARGET, IGNORED_TARGET]],
    ]);
  });

  it('makes each token but the first a target exactly once, whatever the sizes', () => {
    const sizes = fc.record({
      blockSize: fc.integer({ min: 1, max: 12 }),
      batchSize: fc.integer({ min: 1, max: 5 }),
      extra: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(sizes, fc.constantFrom('train', 'validation'), ({ blockSize, batchSize, extra }, split) => {
        const dataset = new Dataset(counting(10 * blockSize + 1 + extra), blockSize);
        const batch = newBatch(batchSize, blockSize);
        const [x, y] = batch.map(({ data }) => data as Int32Array) as [Int32Array, Int32Array];
        const targets: number[] = [];
        for (const real of windows(dataset[split], batch)) {
          const kept = [...y].filter((target) => target !== IGNORED_TARGET);
          expect(kept.length).toBe(real);
          expect([...x.subarray(0, real)]).toEqual(kept.map((target) => target - 1));
          targets.push(...kept);
        }
        expect(targets).toEqual([...dataset[split].subarray(1, dataset[split].length)]);
      }),
    );
  });
});

describe('on as many tokens as tinyshakespeare has', () => {
  it("has the lecture's splits and first batch", () => {
    const dataset = new Dataset(lectureTokens(), 8);
    expect(dataset.train.length).toBe(1_003_854);
    expect(dataset.validation.length).toBe(111_540);
    const [x, y] = dataset.batch('train', 4, new Generator(1337));
    expect(x.toArray()).toEqual(lecture.firstBatch);
    const later = y.toArray() as number[][];
    expect(later.map((row) => row.slice(0, 7))).toEqual(lecture.firstBatch.map((row) => row.slice(1)));
  });
});
