import { NanobardError } from '../../../engine/errors.ts';
import type { ModelSpec } from '../../models/create.ts';
import type { WeightType } from '../model-file.ts';

export type GPTSpec = Extract<ModelSpec, { model: 'gpt' }>;

/** @throws {NanobardError} code `config` for other models. */
export function requireGPT(spec: ModelSpec): GPTSpec {
  if (spec.model === 'gpt') return spec;
  throw new NanobardError('config', `GPT-2's form cannot hold a ${spec.model} model`, {
    hint: 'Only models of the kind gpt can be exported to it.',
  });
}

/** What layer norms add to the variance, here as in GPT-2. */
const EPSILON = 1e-5;

/** `config.json` of GPT-2. The names are those of transformers' GPT2Config, and of programs that read it. */
export function configOf(
  { vocabSize, blockSize, nLayer, nHead, nEmbd, dropout, activation }: GPTSpec,
  dtype: WeightType,
): object {
  return {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    activation_function: activation === 'gelu_tanh' ? 'gelu_new' : 'gelu', // 'gelu' is the exact one
    vocab_size: vocabSize,
    n_positions: blockSize,
    n_ctx: blockSize, // asked for by llama.cpp's converter
    max_position_embeddings: blockSize,
    n_embd: nEmbd,
    n_layer: nLayer,
    n_head: nHead,
    n_inner: null, // 4 · n_embd
    layer_norm_epsilon: EPSILON,
    resid_pdrop: dropout,
    embd_pdrop: dropout,
    attn_pdrop: dropout,
    tie_word_embeddings: true,
    dtype: dtype === 'f16' ? 'float16' : 'float32',
  };
}
