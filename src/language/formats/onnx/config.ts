import { toHuggingFace } from '../../data/tokenizer/huggingface.ts';
import type { Tokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { ModelSpec } from '../../models/create.ts';
import type { WeightType } from '../model-file.ts';
import { turnedPositions } from './modern.ts';

/** A JSON file of the folder. */
interface ConfigFile {
  readonly name: string;
  readonly value: object;
}

/** transformers.js's names of how weights are stored. */
const dtypes: Record<WeightType, string> = { f32: 'fp32', f16: 'fp16', q8: 'q8' };

/**
 * What transformers.js asks for beside the .onnx file: how many entries the cache has, which file to open, and the
 * tokenizer. The kind gpt2 stands for all models, since it says no more than that; what is computed, the file tells.
 */
export function configFiles(spec: ModelSpec, tokenizer: Tokenizer, dtype: WeightType): ConfigFile[] {
  const { nLayer, nHead, nEmbd } = { nLayer: 0, nHead: 1, nEmbd: spec.vocabSize, ...spec };
  // Ids of tokens travel as one more layer where n-grams are looked up.
  const entries = spec.model === 'modern' && spec.ngramOrder > 1 ? nLayer + 1 : nLayer;
  const { tokenizer: file, config } = toHuggingFace(tokenizer, longestText(spec));
  const { endOfText = null } = tokenizer;
  const padding = endOfText ?? spec.vocabSize;
  const ids = { bos_token_id: endOfText, eos_token_id: endOfText, pad_token_id: padding };
  return [
    {
      name: 'config.json',
      value: {
        model_type: 'gpt2',
        architectures: ['GPT2LMHeadModel'],
        vocab_size: spec.vocabSize,
        n_positions: spec.blockSize,
        n_ctx: spec.blockSize,
        n_embd: nEmbd,
        n_layer: entries,
        n_head: nHead,
        ...ids,
        'transformers.js_config': { dtype: dtypes[dtype] },
      },
    },
    { name: 'generation_config.json', value: ids },
    ...(endOfText === null
      ? [
          { name: 'tokenizer.json', value: { ...file, added_tokens: [{ ...paddingToken, id: padding }] } },
          { name: 'tokenizer_config.json', value: { ...config, pad_token: paddingToken.content } },
        ]
      : [
          { name: 'tokenizer.json', value: file },
          { name: 'tokenizer_config.json', value: { ...config, pad_token: config.bos_token } },
        ]),
  ];
}

/**
 * What fills up the shorter texts of a batch where there is no end of a text to do it: a token of its own, beyond the
 * vocabulary, so that no text loses a character that looks like it.
 */
const paddingToken = {
  content: '<|pad|>',
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
};

/** transformers.js cuts longer ones. */
function longestText(spec: ModelSpec): number {
  if (spec.model === 'bigram') return Number.MAX_SAFE_INTEGER;
  return spec.model === 'modern' ? turnedPositions(spec) : spec.blockSize;
}
