import type { Recipe } from '../../../language/recipes/recipe.ts';
import type { TrainEvent } from '../../../language/train/events.ts';
import type { Profile } from '../../runs/profile.ts';

/** A field of any recipe; `model` is what the recipe is, not a field to set. */
export type Overrides = Partial<FieldsOf<'gpt'> & FieldsOf<'modern'>>;

type FieldsOf<M extends Recipe['model']> = Omit<Extract<Recipe, { model: M }>, 'model'>;

export interface MachineOptions {
  readonly device: 'auto' | 'cpu' | 'reference';
  /** Threads that share the work; undefined: one for each processor. */
  readonly threads: number | undefined;
  /** `off`, `auto`, or the path of a BLAS library. */
  readonly blas: string;
}

export type TrainOptions = MachineOptions & {
  /** A corpus's name or a file's path; undefined: the default text, or the run's own when resuming. */
  readonly data: string | undefined;
  /** Recipe fields that the user set, and no others. */
  readonly overrides: Overrides;
  /** Aborted when the user wants to stop: finish the step, save, and end with reason `interrupted`. */
  readonly signal: AbortSignal;
} & (
    | {
        readonly resume: false;
        readonly recipeName: string;
        /** The named recipe with the overrides in it: valid as a whole. */
        readonly recipe: Recipe;
        /** The run's folder. */
        readonly out: string;
      }
    | {
        readonly resume: true;
        /** The recipe that the user expects the run to have; undefined: whichever it has. */
        readonly recipeName: string | undefined;
        /** The run's folder; undefined: the newest one below ./runs. */
        readonly out: string | undefined;
      }
  );

/** A training run, ready to go. */
export interface TrainSession {
  readonly folder: string;
  readonly recipeName: string;
  /** What is trained: when resuming, the run's own recipe, extended by the overrides. */
  readonly recipe: Recipe;
  /** Things that the user should be told before the run starts, each a sentence or two. */
  readonly notices: readonly string[];
  readonly text: { readonly name: string; readonly characters: number; readonly vocabSize: number };
  /** Trains. Throws NanobardError('diverged') at a loss that is not finite. */
  events(): AsyncIterable<TrainEvent>;
}

export interface SampleOptions extends MachineOptions {
  /** The run's folder; undefined: the newest one below ./runs. */
  readonly run: string | undefined;
  /** Text to go on from; empty: the model begins by itself. */
  readonly prompt: string;
  /** Most tokens in a sample. */
  readonly tokens: number;
  /** Divides the logits; 0 always takes the likeliest token. */
  readonly temperature: number;
  readonly topK: number | undefined;
  readonly topP: number | undefined;
  /** Oldest tokens to forget when the context is full; undefined: half of them. */
  readonly forget: number | undefined;
  /** A sample ends where one of these strings would begin. */
  readonly stop: readonly string[];
  /** Samples to make. */
  readonly count: number;
  readonly seed: number;
}

/** Text of sample `index`, as soon as it is made. Samples come one after the other, not interleaved. */
export interface TokenEvent {
  readonly type: 'token';
  readonly index: number;
  readonly text: string;
}

/** Sample `index` is complete; `text` does not repeat the prompt. */
export interface SampledEvent {
  readonly type: 'sample';
  readonly index: number;
  readonly text: string;
  readonly tokens: number;
  readonly ms: number;
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number;
  readonly stopped: 'length' | 'stop';
}

export interface EvalOptions extends MachineOptions {
  /** The run's folder; undefined: the newest one below ./runs. */
  readonly run: string | undefined;
}

export interface Evaluation {
  /** Mean cross entropy over the whole validation split, in nats per token. */
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerCharacter: number;
  /** Tokens that were predicted. */
  readonly tokens: number;
  /** The update after which the checkpoint was saved. */
  readonly iter: number;
  /** The checkpoint. */
  readonly path: string;
  readonly ms: number;
}

export interface ProfileOptions extends MachineOptions {
  readonly recipe: Recipe;
  /** A corpus's name or a file's path; undefined: the default text. */
  readonly data: string | undefined;
}

/** What the commands stand on. */
export interface Engine {
  /** Loads text, model and checkpoint, so that whatever is wrong with them shows before training starts. */
  openTraining(options: TrainOptions): Promise<TrainSession>;
  sample(options: SampleOptions): AsyncIterable<TokenEvent | SampledEvent>;
  evaluate(options: EvalOptions): Promise<Evaluation>;
  profile(options: ProfileOptions): Promise<Profile>;
}
