import type {
  Baselines,
  CurveData,
  Histogram,
  Recipe,
  RecipeChanges,
  SamplingRule,
  TrainingPlan,
  WeightType,
} from 'nanobard';
import type { ExportFormatName } from 'nanobard/formats';

// What the page and its worker say to each other. The worker holds the device, the training and the models; the page shows.

/** A text to learn: pasted, a file that was chosen, an address of the page's own server, or verse made on the spot. */
export type TextSource =
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | { readonly kind: 'file'; readonly name: string; readonly file: Blob }
  | { readonly kind: 'url'; readonly name: string; readonly url: string }
  | { readonly kind: 'plays'; readonly name: string; readonly characters: number };

export interface TextInfo {
  readonly name: string;
  readonly characters: number;
  /** Different characters, which are the tokens. */
  readonly vocabSize: number;
  /** Where it begins. */
  readonly beginning: string;
  /** What was changed to read it, a sentence each. */
  readonly notices: readonly string[];
}

/** What the page can compute on. */
export type DeviceChoice = 'cpu' | 'webgpu';

/** What is to compute; what is left out is the device's own choice. */
export interface MachineOptions {
  readonly device?: DeviceChoice;
  /** Of the CPU. */
  readonly threads?: number;
}

export interface Machine {
  readonly device: string;
  /** Whether the browser gives a GPU. */
  readonly hasGpu: boolean;
  readonly threads: number;
  /** Threads that there could be. */
  readonly processors: number;
  readonly notes: readonly string[];
  /** Whether runs outlive the page. */
  readonly keeps: boolean;
  /** What can be trained, by name. */
  readonly recipes: Readonly<Record<string, Recipe>>;
}

export interface Plan extends TrainingPlan {
  readonly recipe: Recipe;
  /** About how long it takes, by what the device did lately; undefined as long as nothing is known. */
  readonly seconds: number;
}

export type RunStatus =
  | 'training'
  | 'paused'
  | 'interrupted' // the page was closed, or the run was stopped
  | 'finished'
  | 'diverged'
  | 'failed';

/** A run that is kept in the browser. */
export interface StoredRun {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly recipeName: string;
  readonly recipe: Recipe;
  readonly text: Pick<TextInfo, 'name' | 'characters' | 'vocabSize'>;
  readonly baselines: Baselines;
  readonly status: RunStatus;
  /** From where it can go on: the step of the state that is kept. */
  readonly step: number;
  readonly bestVal: number | null;
  /** The run that it was forked from. */
  readonly parent?: string | undefined;
  /** What went wrong. */
  readonly failure?: string | undefined;
}

/** How weights and gradients were distributed at an evaluation: by parameter. */
export interface Snapshot {
  readonly step: number;
  readonly weights: Readonly<Record<string, Histogram>>;
  readonly gradients: Readonly<Record<string, Histogram>>;
}

/** A model that can write: of a run, by its id, or one that was opened. */
export interface ModelInfo {
  readonly id: string;
  readonly name: string;
  readonly kind: 'run' | 'file';
  readonly model: Recipe['model'];
  readonly blockSize: number;
  readonly vocabSize: number;
  readonly nLayer: number;
  readonly nHead: number;
  readonly step?: number | undefined;
  /** What it can be exported to, and how weights can be stored there. */
  readonly formats: Readonly<Partial<Record<ExportFormatName, readonly WeightType[]>>>;
}

export interface TrainOptions {
  readonly name: string;
  readonly recipe: string;
  readonly changes: RecipeChanges;
}

export interface WriteOptions extends SamplingRule {
  readonly model: string;
  readonly prompt: string;
  /** Goes on from these instead of the prompt. */
  readonly after?: readonly number[] | undefined;
  readonly tokens: number;
  readonly stop: readonly string[];
  readonly seed: number;
}

/** A token, what it stands for, and how likely it was: by the rule, and by the model alone. */
export interface Candidate {
  readonly token: number;
  readonly text: string;
  readonly probability: number;
  readonly raw: number;
}

export interface WrittenToken extends Candidate {
  /** The likeliest at this place. */
  readonly candidates: readonly Candidate[];
}

export interface Written {
  /** Tokens of the prompt. */
  readonly prompt: readonly number[];
  readonly stopped: 'length' | 'stop' | 'cancelled';
  readonly seconds: number;
}

/** What a model makes of a text. Positions count tokens. */
export interface Look {
  readonly tokens: readonly string[];
  /** Loss of each token given those before it, in nats; the first has none. */
  readonly losses: readonly (number | null)[];
  /** The likeliest after each token. */
  readonly next: readonly (readonly Candidate[])[];
  /** The likeliest after each token if the model ended at its embeddings, or after each block. */
  readonly lens: readonly (readonly Candidate[])[];
  readonly attention: readonly Float32Array[];
  readonly heads: number;
  /** Length of what the embedding of tokens, and each table of n-grams, adds at each position. */
  readonly lookups: readonly Float32Array[];
  /** Whether the text was longer than the model reads. */
  readonly cut: boolean;
  readonly milliseconds: number;
}

export interface EmbeddingMap {
  readonly labels: readonly string[];
  /** (labels, 2) */
  readonly points: Float32Array;
  readonly shares: readonly [number, number];
}

export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What the page asks; what comes in between goes to `emit`. */
export interface Methods {
  start(options: MachineOptions): Promise<Machine>;
  useText(sources: readonly TextSource[]): Promise<TextInfo>;
  plan(options: Omit<TrainOptions, 'name'>): Promise<Plan>;
  train(options: TrainOptions): Promise<string>;
  goOn(run: string): Promise<void>;
  fork(run: string, name: string, changes: RecipeChanges): Promise<string>;
  pause(): Promise<void>;
  stop(): Promise<void>;
  rename(run: string, name: string): Promise<void>;
  remove(run: string): Promise<void>;
  curve(run: string): Promise<CurveData>;
  snapshots(run: string): Promise<readonly Snapshot[]>;
  openModel(name: string, source: readonly File[] | string): Promise<ModelInfo>;
  describeModel(model: string): Promise<ModelInfo>;
  write(options: WriteOptions, emit: (token: WrittenToken) => void): Promise<Written>;
  candidates(options: Omit<WriteOptions, 'tokens' | 'stop' | 'seed'>): Promise<readonly Candidate[]>;
  /** A text to look at. */
  example(model: string): Promise<string>;
  look(model: string, text: string): Promise<Look>;
  embeddings(model: string): Promise<EmbeddingMap>;
  /** The loss, in nats per token, over the last tenth of a text, which runs keep for validation. */
  evaluate(model: string, source: TextSource): Promise<number>;
  export(model: string, format: ExportFormatName, dtype: WeightType): Promise<NamedFile>;
}

export type Method = keyof Methods;

export type Request =
  | {
      readonly type: 'call';
      readonly call: number;
      readonly method: Method;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'cancel'; readonly call: number };

export interface Failure {
  readonly code: string;
  readonly message: string;
  /** What to do, where the error knows. */
  readonly hint?: string | undefined;
  /** Names of the options that can mend it. */
  readonly options: readonly string[];
}

export type Message =
  | { readonly type: 'emit'; readonly call: number; readonly value: unknown }
  | { readonly type: 'done'; readonly call: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly call: number; readonly failure: Failure }
  /** The runs that are kept, the newest first, whenever one changes. */
  | { readonly type: 'runs'; readonly runs: readonly StoredRun[] }
  /** How the run that is being trained stands. */
  | { readonly type: 'curve'; readonly run: string; readonly curve: CurveData };
