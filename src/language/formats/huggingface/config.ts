import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { fraction, parsed, wholeFrom1 } from '../../fields.ts';
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
export function writeConfig(
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

/** What transformers' names for activations are here; several are the same function. */
const ACTIVATIONS = {
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu: 'gelu',
  gelu_python: 'gelu',
} as const;

const optional = <T extends v.GenericSchema>(schema: T) => v.nullish(schema);
const only = <T extends string | number | boolean>(value: T, why: string) =>
  v.nullish(v.literal(value, ({ received }) => `${received} ${why}`));
const unsupported = 'is not supported';

/** The fields of GPT2Config that decide what is computed, with those that transformers gives other names. */
const ConfigSchema = v.object({
  model_type: v.literal(
    'gpt2',
    ({ received }) => `${received} is not a GPT-2, the one architecture that is read`,
  ),
  activation_function: optional(
    v.picklist(
      Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[],
      ({ received }) => `${received} ${unsupported}, only ${Object.keys(ACTIVATIONS).join(', ')}`,
    ),
  ),
  vocab_size: optional(wholeFrom1),
  ...{
    n_positions: optional(wholeFrom1),
    n_ctx: optional(wholeFrom1),
    max_position_embeddings: optional(wholeFrom1),
  },
  ...{ n_embd: optional(wholeFrom1), hidden_size: optional(wholeFrom1) },
  ...{ n_layer: optional(wholeFrom1), num_hidden_layers: optional(wholeFrom1) },
  ...{ n_head: optional(wholeFrom1), num_attention_heads: optional(wholeFrom1) },
  n_inner: optional(wholeFrom1),
  layer_norm_epsilon: only(EPSILON, `${unsupported}, only ${EPSILON}`),
  resid_pdrop: optional(fraction),
  tie_word_embeddings: optional(v.boolean()),
  scale_attn_weights: only(true, unsupported),
  scale_attn_by_inverse_layer_idx: only(false, unsupported),
  add_cross_attention: only(false, unsupported),
  quantization_config: v.nullish(v.never(() => `quantized weights are not supported`)),
});

/**
 * The model that a `config.json` describes, as transformers 4 and 5 write it; what is left out has GPT-2's value, as
 * there. `reorder_and_upcast_attn` says in what precision to compute, which here is always f32.
 *
 * @throws {NanobardError} code `checkpoint`, naming the field, for what is no GPT-2 or computes something else.
 */
export function readConfig(value: unknown): { spec: GPTSpec; tied: boolean } {
  const config = parsed(ConfigSchema, value, refuse);
  const nEmbd = config.n_embd ?? config.hidden_size ?? 768;
  const { n_inner: nInner, activation_function: activation } = config;
  if (nInner != null && nInner !== 4 * nEmbd)
    throw refuse(`${nInner} ${unsupported}, only 4 times n_embd`, 'n_inner');
  const spec: GPTSpec = {
    model: 'gpt',
    vocabSize: config.vocab_size ?? 50_257,
    blockSize: config.n_positions ?? config.max_position_embeddings ?? config.n_ctx ?? 1024,
    nLayer: config.n_layer ?? config.num_hidden_layers ?? 12,
    nHead: config.n_head ?? config.num_attention_heads ?? 12,
    nEmbd,
    dropout: config.resid_pdrop ?? 0.1,
    bias: true,
    activation: ACTIVATIONS[activation ?? 'gelu_new'],
  };
  if (nEmbd % spec.nHead !== 0) throw refuse(`${spec.nHead} does not divide n_embd ${nEmbd}`, 'n_head');
  return { spec, tied: config.tie_word_embeddings ?? true };
}

function refuse(problem: string, path: string | null): NanobardError {
  return new NanobardError('checkpoint', `config.json: ${path === null ? '' : `${path}: `}${problem}`, {
    hint: 'Models of the GPT-2 architecture can be read, as GPT2LMHeadModel of transformers saves them.',
  });
}
