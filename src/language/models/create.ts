import * as v from 'valibot';
import { NanobardError } from '../../engine/errors.ts';
import { wholeFrom1 } from '../fields.ts';
import { BigramLanguageModel } from './bigram.ts';
import { GPT, gptFields } from './gpt.ts';
import type { LanguageModel } from './language-model.ts';
import { ModernGPT, modernFields } from './modern.ts';

/** What the models can be told, apart from the size of the vocabulary, which follows from the text. */
export const modelFields = {
  /** `blockSize`: tokens of context in a training window. */
  bigram: { model: v.literal('bigram'), blockSize: wholeFrom1 },
  gpt: { model: v.literal('gpt'), ...gptFields },
  modern: { model: v.literal('modern'), ...modernFields },
};

/** Which model, and everything that its constructor is told: plain data, stored with its weights. */
export const ModelSpecSchema = v.variant('model', [
  v.object({ ...modelFields.bigram, vocabSize: wholeFrom1 }),
  v.object({ ...modelFields.gpt, vocabSize: wholeFrom1 }),
  v.object({ ...modelFields.modern, vocabSize: wholeFrom1 }),
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
    case 'modern': {
      const { model: _, ...config } = result.output;
      return new ModernGPT(config);
    }
  }
}

/** The specification that a model can be made anew from. */
export function specOf(model: LanguageModel): ModelSpec {
  const models = { bigram: BigramLanguageModel, gpt: GPT, modern: ModernGPT };
  const name = Object.entries(models).find(([, Model]) => model instanceof Model)?.[0];
  const result = v.safeParse(ModelSpecSchema, { model: name, ...model.config });
  if (result.success) return result.output;
  throw new NanobardError('config', `a model of the class ${model.constructor.name} cannot be stored`, {
    hint: 'Only the models of nanobard itself can: GPT, ModernGPT and BigramLanguageModel.',
  });
}
