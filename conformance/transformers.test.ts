import { basename, dirname } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { describe, expect, it } from 'vitest';
import { kindNames, promptsOf } from './support/models.ts';
import { exported, greedy, open } from './support/ours.ts';

const TOKENS = 64;

describe('ONNX in transformers.js', () => {
  it.each(kindNames)('%s goes on from texts as it does here', async (name) => {
    const model = await open(name);
    const { tokenizer } = model;
    const folder = await exported(name, 'onnx', 'f32');
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder);
    const generate = await pipeline('text-generation', basename(folder));

    // As many tokens as it makes by itself: far beyond the block.
    const prompts = promptsOf(name);
    const texts: string[] = [];
    for (const prompt of prompts) {
      const [{ generated_text: text }] = (await generate(prompt)) as unknown as [{ generated_text: string }];
      texts.push(text);
      const made = Array.from(tokenizer.encode(text));
      const ids = tokenizer.encode(prompt);
      const ours = await greedy(model, ids, TOKENS);
      expect(made.slice(0, ids.length + TOKENS)).toEqual([...ids, ...ours]);
      expect(made.length).toBeGreaterThan(200);
    }

    // Prompts of different lengths, in one batch.
    const short = { max_new_tokens: TOKENS };
    const batch = (await generate([...prompts], short)) as unknown as [{ generated_text: string }][];
    for (const [i, [{ generated_text: text }]] of batch.entries()) {
      expect(texts[i]!.startsWith(text), `${JSON.stringify(text)} in ${JSON.stringify(texts[i])}`).toBe(true);
    }
    await model.dispose();
  });
});
