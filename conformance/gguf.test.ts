import { join } from 'node:path';
import { gguf } from '@huggingface/gguf';
import { expect, it } from 'vitest';
import { exported, open } from './support/ours.ts';

it.each(['gpt', 'scripts', 'bpe'] as const)('@huggingface/gguf reads what is written of %s', async (name) => {
  const model = await open(name);
  const { vocabSize, endOfText } = model.tokenizer;
  const { blockSize, nLayer = 0, nEmbd = 0 } = model.network.config;
  const path = join(await exported(name, 'gguf', 'q8'), 'model.gguf');
  const { metadata, tensorInfos } = await gguf(path, { allowLocalFile: true });
  expect(metadata).toMatchObject({
    'general.architecture': 'gpt2',
    'general.file_type': 7,
    'gpt2.context_length': Math.max(blockSize, 256),
    'gpt2.block_count': nLayer,
    'tokenizer.ggml.eos_token_id': endOfText ?? vocabSize,
  });
  const shapes = new Map(tensorInfos.map((info) => [info.name, [info.shape.map(Number), info.dtype]]));
  const rows = endOfText === undefined ? vocabSize + 1 : vocabSize;
  expect(shapes.get('token_embd.weight')).toEqual([[nEmbd, rows], 8]);
  expect(shapes.get('blk.1.ffn_down.weight')).toEqual([[4 * nEmbd, nEmbd], 8]);
  expect(shapes.get('output_norm.bias')).toEqual([[nEmbd], 0]);
  expect(shapes.size).toBe(4 + 12 * nLayer);
  await model.dispose();
});
