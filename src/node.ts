// What needs Node: texts from the network and the disk, and runs that live in folders.

export { type CorpusOptions, defaultCorpus, type LoadedCorpus, loadCorpus } from './data/corpus.node.ts';
export * from './index.ts';
export { type CheckpointKind, type RunConfig, RunFolder } from './runs/run-folder.node.ts';
export { type SampleTextOptions, SavedModel } from './runs/saved-model.node.ts';
export { type NewRunOptions, type ResumeOptions, TrainingRun } from './runs/training.node.ts';
