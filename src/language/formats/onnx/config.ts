import type { ModelSpec } from '../../models/create.ts';
import type { WeightType } from '../model-file.ts';

/** transformers.js's names of how weights are stored. */
const dtypes: Record<WeightType, string> = { f32: 'fp32', f16: 'fp16', q8: 'q8' };

/**
 * `config.json` for transformers.js: how many entries the cache has, and which file to open. The kind gpt2 stands for
 * all models, since it says no more than that; what is computed, the file tells.
 */
export function configOf(spec: ModelSpec, dtype: WeightType, endOfText: number | null): object {
  const { nLayer, nHead, nEmbd } = { nLayer: 0, nHead: 1, nEmbd: spec.vocabSize, ...spec };
  // Ids of tokens travel as one more layer where n-grams are looked up.
  const entries = spec.model === 'modern' && spec.ngramOrder > 1 ? nLayer + 1 : nLayer;
  return {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    vocab_size: spec.vocabSize,
    n_positions: spec.blockSize,
    n_ctx: spec.blockSize,
    n_embd: nEmbd,
    n_layer: entries,
    n_head: nHead,
    bos_token_id: endOfText,
    eos_token_id: endOfText,
    'transformers.js_config': { dtype: dtypes[dtype] },
  };
}

export function generationConfigOf(endOfText: number | null): object {
  return { bos_token_id: endOfText, eos_token_id: endOfText };
}
