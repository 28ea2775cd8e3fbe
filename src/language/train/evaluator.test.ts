import { describe, expect, it } from 'vitest';
import { Generator } from '../../engine/tensor/generator.ts';
import { integers, reference } from '../../testing/check.ts';
import { Dataset } from '../data/dataset.ts';
import { BigramLanguageModel } from '../models/bigram.ts';
import { Evaluator } from './evaluator.ts';

const V = 6;

async function bigram(length: number) {
  const dataset = new Dataset(integers([length], V).data, 4);
  const model = new BigramLanguageModel({ vocabSize: V, blockSize: 4 }).initialize(new Generator(1));
  const evaluator = await Evaluator.create(model, dataset, reference, 3);
  const table = model.token_embedding_table.weight.initial!;
  /** Loss of predicting one token from the one before. */
  const loss = (before: number, token: number): number => {
    const logits = Array.from(table.subarray(before * V, (before + 1) * V));
    return Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[token]!;
  };
  return { dataset, evaluator, loss, model };
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

describe('Evaluator', () => {
  it.each([121, 240, 241, 250, 300])('predicts each token of a split of %i tokens once', async (length) => {
    const { dataset, evaluator, loss } = await bigram(length);
    for (const split of ['train', 'validation'] as const) {
      const tokens = Array.from(dataset[split].subarray(0, dataset[split].length));
      const expected = mean(tokens.slice(1).map((token, i) => loss(tokens[i]!, token)));
      const result = await evaluator.wholeSplit(split);
      expect(result.tokens).toBe(tokens.length - 1);
      expect(result.loss).toBeCloseTo(expected, 12);
    }
  });

  it('averages over random windows, the same for the same generator', async () => {
    const { dataset, evaluator, loss } = await bigram(200);
    const generator = new Generator(7);
    const batches = Array.from({ length: 5 }, () => {
      const [x, y] = dataset.batch('validation', 3, generator);
      return mean(Array.from(x.data, (token, i) => loss(token, y.data[i]!)));
    });
    expect(await evaluator.randomWindows('validation', 5, new Generator(7))).toBeCloseTo(mean(batches), 12);
  });

  it('leaves the model in the mode in which it was, and stops when told to', async () => {
    const { evaluator, model } = await bigram(200);
    expect(model.training).toBe(true);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(evaluator.wholeSplit('validation', signal)).rejects.toThrow('enough');
    await expect(evaluator.randomWindows('train', 1, new Generator(1), signal)).rejects.toThrow('enough');
  });
});
