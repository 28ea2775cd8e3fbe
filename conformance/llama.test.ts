import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { llama } from './support/llama.ts';
import { promptsOf, textOf } from './support/models.ts';
import { exported, greedy, open, tops, windows } from './support/ours.ts';

const TOKENS = 64;
const SAMPLES = 5;

/** How far our two best logits must lie apart for what is rounded to leave their order. */
const gaps = { f32: 0.02, f16: 0.02, q8: 0.1 } as const;
const dtypes = Object.keys(gaps) as (keyof typeof gaps)[];

describe.each(['gpt', 'scripts', 'bpe'] as const)('GGUF in llama.cpp: %s', async (name) => {
  it('reads and writes the same tokens', async () => {
    const model = await open(name);
    const { tokenizer, network } = model;
    const paths: string[] = [];
    for (const dtype of dtypes) paths.push(join(await exported(name, 'gguf', dtype), 'model.gguf'));
    const prompts = promptsOf(name);
    const ids = prompts.map((prompt) => Array.from(tokenizer.encode(prompt)));
    // The context moves when it is full, one token early.
    const parts = windows(model, textOf(name), network.blockSize - 2, 5);
    const settings = { contextSize: network.blockSize, count: TOKENS, samples: SAMPLES };
    const results = await llama({ ...settings, paths, prompts, windows: parts });

    const ours: number[][] = [];
    for (const prompt of ids) ours.push(await greedy(model, prompt, TOKENS));
    const best = await Promise.all(parts.map((part) => tops(model, part)));
    for (const [i, dtype] of dtypes.entries()) {
      const theirs = results[i]!;
      expect(theirs.ids, dtype).toEqual(ids);
      expect(theirs.texts, dtype).toEqual(prompts);
      if (dtype !== 'q8') expect(theirs.greedy, dtype).toEqual(ours);
      let compared = 0;
      for (const [j, row] of best.entries()) {
        for (const [t, { token, gap }] of row.entries()) {
          if (gap <= gaps[dtype]) continue;
          compared++;
          expect(theirs.tops[j]![t], `${dtype}, window ${j}, position ${t}, gap ${gap}`).toBe(token);
        }
      }
      expect(compared).toBeGreaterThan(parts.length * (network.blockSize - 2) * 0.8);
      // A text does not end by itself where the model knows no end.
      expect(theirs.eos).toBe(tokenizer.endOfText ?? tokenizer.vocabSize);
      if (tokenizer.endOfText !== undefined) continue;
      expect(theirs.end).toBeLessThan(1e-20);
      expect(theirs.sampled.map(({ length }) => length)).toEqual(Array(SAMPLES).fill(TOKENS));
    }
    await model.dispose();
  });
});
