/** What a Trainer reports; with `--json` each is one line of output. Losses are in nats per token. */
export type TrainEvent =
  | StartEvent
  | StepEvent
  | EvalEvent
  | SampleEvent
  | CheckpointEvent
  | WarningEvent
  | EndEvent;

export interface StartEvent {
  readonly type: 'start';
  /** Steps already done when this run starts: 0, or the checkpoint's when it resumes. */
  readonly step: number;
  readonly maxIters: number;
  /** Number of trainable parameters, tied ones counted once. */
  readonly parameters: number;
  readonly tokensPerStep: number;
  /** Floating-point operations of one step. */
  readonly flopsPerStep: number;
  /** Bytes of device memory in use. */
  readonly bytes: number;
  readonly device: string;
  readonly threads: number;
  /** How many processes train together; the numbers above are those of all, threads and bytes of one. */
  readonly ranks: number;
}

export interface StepEvent {
  readonly type: 'step';
  /** Steps done, this one included. */
  readonly step: number;
  /** Mean cross entropy of the step's batches, before the update. */
  readonly loss: number;
  readonly learningRate: number;
  /** Global norm of the gradient, before clipping. */
  readonly gradNorm: number;
  /** Where activations are f16, what the next step's loss is multiplied by, for its gradients. */
  readonly lossScale?: number;
  /**
   * There, too, whether gradients were not finite: then no parameter was updated, `gradNorm` is 0, and `lossScale` half of
   * what it was. Such a step is told whatever `reportEvery` is.
   */
  readonly skipped?: boolean;
  readonly ms: number;
  readonly tokensPerSecond: number;
}

export interface EvalEvent {
  readonly type: 'eval';
  readonly step: number;
  /**
   * Mean loss over random windows of the training split (nanoGPT's estimator). Before the first step two batches
   * of them must do, unless the recipe draws as nanoGPT does.
   */
  readonly train: number;
  /** The same over the validation split. */
  readonly val: number;
  /** Mean loss over the whole validation split, each token once; null before the first step, and for more than 2²⁰ tokens. */
  readonly valFull: number | null;
  /** `valFull`, or else `val`, in bits per byte of UTF-8 text, which compares tokenizers; null where bytes are not known. */
  readonly bitsPerByte: number | null;
  /** Whether `val` is the lowest so far; what has learned nothing yet does not count. */
  readonly best: boolean;
  readonly ms: number;
}

export interface SampleEvent {
  readonly type: 'sample';
  readonly step: number;
  readonly text: string;
}

/** A file has been written: it is on the disk before anybody hears of it. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  /** The best model; the state to go on from; a state that is kept, too. */
  readonly kind: 'best' | 'last' | 'kept';
  readonly path: string;
}

/** Something went wrong, and training goes on: a file could not be written, or the run went back to a checkpoint. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly step: number;
  readonly message: string;
  /** The file concerned. */
  readonly path: string;
}

/** Why training ends. */
export type EndReason =
  | 'finished' // all steps are done
  | 'patience' // that many evaluations were no better than the best
  | 'time' // the time given to it is over
  | 'interrupted' // by its signal
  | 'diverged'; // a loss or gradient was not finite: an error with this code follows

export interface EndEvent {
  readonly type: 'end';
  readonly step: number;
  readonly reason: EndReason;
  /** Lowest validation loss by random windows, and the step at which it was measured. */
  readonly bestVal: number | null;
  readonly bestStep: number | null;
  /** Seconds spent in training steps, and in all. */
  readonly trainSeconds: number;
  readonly seconds: number;
}
