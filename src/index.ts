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
export { CharTokenizer, type Tokenizer, tokenizerFromJSON } from './language/data/tokenizer.ts';
export type { WeightType } from './language/formats/model-file.ts';
export * as safetensors from './language/formats/safetensors.ts';
export { Decoder, type GenerateOptions } from './language/generate/decoder.ts';
export type { SamplingRule } from './language/generate/sampling.ts';
export { type LoadOptions, loadModel, type ModelSource } from './language/load-model.ts';
export { BigramLanguageModel } from './language/models/bigram.ts';
export { createModel, type ModelSpec } from './language/models/create.ts';
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
export type { Recipe, RecipeChanges } from './language/recipes/recipe.ts';
export { defaultRecipe, type NamedRecipe, type RecipeName, recipes } from './language/recipes/recipes.ts';
export { createTraining, type Training, type TrainingOptions } from './language/recipes/training.ts';
export { type GenerateTextOptions, TextModel } from './language/text-model.ts';
export type { TrainerState } from './language/train/checkpoint.ts';
export { Evaluator } from './language/train/evaluator.ts';
export type * from './language/train/events.ts';
export type { Peers } from './language/train/peers.ts';
export { type Limits, Trainer, type TrainerOptions } from './language/train/trainer.ts';
export { version } from './version.ts';
