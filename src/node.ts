// What needs Node: texts from the network and the disk, and runs that live in folders.

export * from './index.ts';
export { type CorpusOptions, defaultCorpus, type LoadedCorpus, loadCorpus } from './node/corpus.ts';
export { type CheckpointKind, type RunConfig, RunFolder } from './node/runs/run-folder.ts';
export { type SampleTextOptions, SavedModel } from './node/runs/saved-model.ts';
export { type NewRunOptions, type ResumeOptions, TrainingRun } from './node/runs/training.ts';
