import type { Exporter } from '../export.ts';
import { asTensor } from '../model-file.ts';
import { encodeSafetensors } from '../safetensors.ts';
import { requireGPT, writeConfig } from './config.ts';
import { tokenizerFiles } from './tokenizer.ts';
import { writeWeights } from './weights.ts';

/**
 * A folder that Hugging Face's transformers opens as GPT-2, with a tokenizer that tells the characters or pieces apart
 * as ours does. (It leaves characters out that it does not know, where ours refuses them.)
 */
export const exportHuggingFace: Exporter = ({ spec, tokenizer, tensors }, { dtype }) => {
  const gpt = requireGPT(spec);
  const weights = new Map(
    [...writeWeights(tensors, gpt)].map(([name, tensor]) => [name, asTensor(tensor, dtype)] as const),
  );
  const { files, endOfText } = tokenizerFiles(tokenizer, gpt.blockSize);
  const ids = { bos_token_id: endOfText, eos_token_id: endOfText };
  return [
    { name: 'config.json', data: json({ ...writeConfig(gpt, dtype), ...ids }) },
    { name: 'model.safetensors', data: encodeSafetensors(weights, { format: 'pt' }) },
    // Beyond the table of positions transformers would look for rows that are not there.
    { name: 'generation_config.json', data: json({ ...ids, max_length: gpt.blockSize }) },
    ...files.map(({ name, value }) => ({ name, data: json(value) })),
  ];
};

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
