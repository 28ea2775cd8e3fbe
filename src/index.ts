// The public API: everything here runs in browsers and in Node alike.

export type {
  Argument,
  CompiledFunction,
  Sources,
  Traced,
  Values,
} from './engine/devices/compiled-function.ts';
export { CpuDevice, type CpuOptions } from './engine/devices/cpu/cpu-device.ts';
export type { SimdLevel } from './engine/devices/cpu/simd.ts';
export { createDevice, type DeviceName, type DeviceOptions } from './engine/devices/create.ts';
export type { Device, Executable } from './engine/devices/device.ts';
export { measureBandwidth, measurePeak } from './engine/devices/peak.ts';
export { type ErrorCode, NanobardError } from './engine/errors.ts';
export { grad } from './engine/ops/grad.ts';
export * as ops from './engine/ops/index.ts';
export { type CompileOptions, compile } from './engine/program/compile.ts';
export type { Program } from './engine/program/program.ts';
export { assign } from './engine/program/trace.ts';
export { Constant, type NestedNumbers } from './engine/tensor/constant.ts';
export type { DType, TypedArray } from './engine/tensor/dtype.ts';
export { Generator, type GeneratorState } from './engine/tensor/generator.ts';
export type { Shape } from './engine/tensor/shape.ts';
export { Input, type Scalar, type Tensor, Variable } from './engine/tensor/tensor.ts';
export { type Batch, Dataset, type Split, type WindowStarts } from './language/data/dataset.ts';
export { plays } from './language/data/plays.ts';
export { decodeText, normalizeText } from './language/data/text.ts';
export { BpeTokenizer } from './language/data/tokenizer/bpe.ts';
export { type BpeTrainingOptions, trainBpe } from './language/data/tokenizer/bpe-trainer.ts';
export { ByteTokenizer } from './language/data/tokenizer/bytes.ts';
export { CharTokenizer } from './language/data/tokenizer/char.ts';
export {
  fromHuggingFace,
  fromVocabAndMerges,
  type HuggingFaceTokenizer,
  toHuggingFace,
} from './language/data/tokenizer/huggingface.ts';
export { type Tokenizer, tokenizerFromJSON } from './language/data/tokenizer/tokenizer.ts';
export type { ModelFile, WeightType } from './language/formats/model-file.ts';
export * as safetensors from './language/formats/safetensors.ts';
export {
  type Choice,
  Decoder,
  type GenerateOptions,
  type Job,
  type JobChoice,
} from './language/generate/decoder.ts';
export { distribution, type SamplingRule } from './language/generate/sampling.ts';
export { type Baselines, baselines } from './language/inspect/baselines.ts';
export { type Histogram, histogram } from './language/inspect/histogram.ts';
export { type Inspection, Inspector } from './language/inspect/inspector.ts';
export { project } from './language/inspect/project.ts';
export {
  type LoadOptions,
  loadModel,
  type ModelSource,
  openModel,
  placeModel,
} from './language/load-model.ts';
export { BigramLanguageModel } from './language/models/bigram.ts';
export { createModel, type ModelSpec, specOf } from './language/models/create.ts';
export { GPT, type GPTConfig } from './language/models/gpt.ts';
export {
  LanguageModel,
  type LanguageModelConfig,
  type ParameterGroups,
} from './language/models/language-model.ts';
export { type LectureConfig, LectureGPT } from './language/models/lecture.ts';
export { type ModernConfig, ModernGPT } from './language/models/modern.ts';
export * as nn from './language/nn/index.ts';
export { AdamW, type AdamWOptions } from './language/optim/adamw.ts';
export { Muon, type MuonOptions } from './language/optim/muon.ts';
export { Optimizer, type OptimizerOptions } from './language/optim/optimizer.ts';
export { RowAdaGrad } from './language/optim/row-adagrad.ts';
export { cosineSchedule } from './language/optim/schedule.ts';
export { changeRecipe, chooseRecipe } from './language/recipes/choose.ts';
export { planTraining, type TrainingPlan } from './language/recipes/plan.ts';
export type { Recipe, RecipeChanges } from './language/recipes/recipe.ts';
export { defaultRecipe, type NamedRecipe, type RecipeName, recipes } from './language/recipes/recipes.ts';
export { createTraining, type Training, type TrainingOptions } from './language/recipes/training.ts';
export { type GenerateTextOptions, TextModel } from './language/text-model.ts';
export { decodeCheckpoint, encodeCheckpoint, type TrainerState } from './language/train/checkpoint.ts';
export { Curve, type CurveData } from './language/train/curve.ts';
export { Evaluator } from './language/train/evaluator.ts';
export type * from './language/train/events.ts';
export type { Peers } from './language/train/peers.ts';
export { type Limits, Trainer, type TrainerOptions } from './language/train/trainer.ts';
export { version } from './version.ts';
