import * as v from 'valibot';
import { NanobardError } from '../../engine/errors.ts';
import { BigramLanguageModel } from './bigram.ts';
import { GPT } from './gpt.ts';
import type { LanguageModel } from './language-model.ts';
import { LectureGPT } from './lecture.ts';
import { ModernGPT } from './modern.ts';

const count = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));
const fraction = v.pipe(v.number(), v.minValue(0, 'must be at least 0'), v.ltValue(1, 'must be less than 1'));

/** What the models can be told, apart from the size of the vocabulary, which follows from the text. */
export const modelFields = {
  bigram: {
    model: v.literal('bigram'),
    /** Tokens of context in a training window. */
    blockSize: count,
  },
  gpt: {
    model: v.literal('gpt'),
    nLayer: count,
    nHead: count,
    /** Width of the residual stream. */
    nEmbd: count,
    blockSize: count,
    dropout: fraction,
    /** Whether linear layers and layer norms have biases. */
    bias: v.boolean(),
  },
  lecture: {
    model: v.literal('lecture'),
    nLayer: count,
    nHead: count,
    /** Width of the residual stream. */
    nEmbd: count,
    blockSize: count,
    dropout: fraction,
  },
  modern: {
    model: v.literal('modern'),
    nLayer: count,
    nHead: count,
    /** Width of the residual stream. */
    nEmbd: count,
    blockSize: count,
    /** n-grams of 2 to so many tokens have hashed embeddings of their own; 1 for none. */
    ngramOrder: count,
    /** Rows of each of their tables. */
    ngramRows: count,
    dropout: fraction,
  },
};

/** Which model, and everything that its constructor is told: plain data, stored with its weights. */
export const ModelSpecSchema = v.variant('model', [
  v.object({ ...modelFields.bigram, vocabSize: count }),
  v.object({ ...modelFields.gpt, vocabSize: count }),
  v.object({ ...modelFields.lecture, vocabSize: count }),
  v.object({ ...modelFields.modern, vocabSize: count }),
]);

export type ModelSpec = v.InferOutput<typeof ModelSpecSchema>;

/**
 * The model of a specification. Its weights are zeros, which take no memory here, until they are loaded or drawn by
 * `initialize`. Fields that are not the model's are left out of its `config`.
 *
 * @throws {NanobardError} code `config` if a field is missing or makes no sense.
 */
export function createModel(spec: ModelSpec): LanguageModel {
  const result = v.safeParse(ModelSpecSchema, spec);
  if (!result.success) {
    const [issue] = result.issues;
    throw new NanobardError('config', `${v.getDotPath(issue) ?? 'model'}: ${issue.message}`);
  }
  switch (result.output.model) {
    case 'bigram': {
      const { model: _, ...config } = result.output;
      return new BigramLanguageModel(config);
    }
    case 'gpt': {
      const { model: _, ...config } = result.output;
      return new GPT(config);
    }
    case 'lecture': {
      const { model: _, ...config } = result.output;
      return new LectureGPT(config);
    }
    case 'modern': {
      const { model: _, ...config } = result.output;
      return new ModernGPT(config);
    }
  }
}

/** The specification that a model can be made anew from. */
export function specOf(model: LanguageModel): ModelSpec {
  const names = [
    ['bigram', BigramLanguageModel],
    ['gpt', GPT],
    ['lecture', LectureGPT],
    ['modern', ModernGPT],
  ] as const;
  const name = names.find(([, Model]) => model instanceof Model)?.[0];
  const result = v.safeParse(ModelSpecSchema, { model: name, ...model.config });
  if (result.success) return result.output;
  throw new NanobardError('config', `a model of the class ${model.constructor.name} cannot be stored`, {
    hint: 'Only the models of nanobard itself can: GPT, LectureGPT, ModernGPT and BigramLanguageModel.',
  });
}
