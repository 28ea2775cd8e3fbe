import { toHuggingFace } from '../../data/tokenizer/huggingface.ts';
import type { Exporter } from '../export.ts';
import { asTensor } from '../model-file.ts';
import { encodeSafetensors } from '../safetensors.ts';
import { requireGPT, writeConfig } from './config.ts';
import { writeWeights } from './weights.ts';

/**
 * A folder that Hugging Face's transformers opens as GPT-2, with a tokenizer that tells the characters or pieces apart
 * as ours does. (It leaves characters out that it does not know, where ours refuses them.)
 */
export const exportHuggingFace: Exporter = ({ spec, tokenizer, tensors }, { dtype }) => {
  const gpt = requireGPT(spec);
  const weights = new Map(
    [...writeWeights(tensors, gpt)].map(
      ([name, tensor]) => [name, asTensor(tensor, dtype === 'f16' ? 'f16' : 'f32')] as const,
    ),
  );
  const { tokenizer: pieces, config } = toHuggingFace(tokenizer, gpt.blockSize);
  const { endOfText = null } = tokenizer;
  const ids = { bos_token_id: endOfText, eos_token_id: endOfText };
  return [
    { name: 'config.json', data: json({ ...writeConfig(gpt, dtype), ...ids }) },
    { name: 'model.safetensors', data: encodeSafetensors(weights, { format: 'pt' }) },
    // Beyond the table of positions transformers would look for rows that are not there.
    { name: 'generation_config.json', data: json({ ...ids, max_length: gpt.blockSize }) },
    { name: 'tokenizer.json', data: json(pieces) },
    { name: 'tokenizer_config.json', data: json(config) },
  ];
};

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
