import * as v from 'valibot';
import { NanobardError } from '../../engine/errors.ts';
import { parsed, wholeFrom1 } from '../fields.ts';
import { BigramLanguageModel } from './bigram.ts';
import { GPT, gptFields } from './gpt.ts';
import type { LanguageModel, LanguageModelConfig } from './language-model.ts';
import { LectureGPT, lectureFields } from './lecture.ts';
import { ModernGPT, modernFields } from './modern.ts';

const models = { bigram: BigramLanguageModel, gpt: GPT, lecture: LectureGPT, modern: ModernGPT };

/** What the models can be told, apart from the size of the vocabulary, which follows from the text. */
export const modelFields = {
  /** `blockSize`: tokens of context in a training window. */
  bigram: { model: v.literal('bigram'), blockSize: wholeFrom1 },
  gpt: { model: v.literal('gpt'), ...gptFields },
  lecture: { model: v.literal('lecture'), ...lectureFields },
  modern: { model: v.literal('modern'), ...modernFields },
};

/** Which model, and everything that its constructor is told: plain data, stored with its weights. */
export const ModelSpecSchema = v.variant('model', [
  v.object({ ...modelFields.bigram, vocabSize: wholeFrom1 }),
  v.object({ ...modelFields.gpt, vocabSize: wholeFrom1 }),
  v.object({ ...modelFields.lecture, vocabSize: wholeFrom1 }),
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
  const { model, ...config } = parsed(
    ModelSpecSchema,
    spec,
    (problem, path) => new NanobardError('config', `${path ?? 'model'}: ${problem}`),
  );
  const Model = models[model] as new (config: LanguageModelConfig) => LanguageModel;
  return new Model(config);
}

/** The specification that a model can be made anew from. */
export function specOf(model: LanguageModel): ModelSpec {
  const name = Object.entries(models).find(([, Model]) => model instanceof Model)?.[0];
  return parsed(
    ModelSpecSchema,
    { model: name, ...model.config },
    () =>
      new NanobardError('config', `a model of the class ${model.constructor.name} cannot be stored`, {
        hint: 'Only the models of nanobard itself can: GPT, LectureGPT, ModernGPT and BigramLanguageModel.',
      }),
  );
}
