// What needs Node: texts from the network and the disk, and runs that live in folders.

export * from './index.ts';
export {
  type CorpusOptions,
  defaultCorpus,
  type LoadedCorpus,
  loadCorpus,
  type TextSource,
} from './node/corpus.ts';
export { loadModel, openModel } from './node/load-model.ts';
export { loadTokenizer } from './node/load-tokenizer.ts';
export { createDevice } from './node/measurements.ts';
export type { Communicator } from './node/mpi/communicator.ts';
export { help } from './node/mpi/help.ts';
export { joinJob } from './node/mpi/mpi.ts';
export { type EvaluateOptions, type Evaluation, evaluateRun } from './node/runs/evaluate.ts';
export type { RunConfig } from './node/runs/run-config.ts';
export { RunFolder } from './node/runs/run-folder.ts';
export {
  type NewRunOptions,
  type ResumeOptions,
  type RunOptions,
  TrainingRun,
} from './node/runs/training.ts';
