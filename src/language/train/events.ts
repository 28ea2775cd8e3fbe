/** What a Trainer reports; with `--json` each is one line of output. Losses are in nats per token. */
export type TrainEvent = StartEvent | StepEvent | EvalEvent | SampleEvent | CheckpointEvent | EndEvent;

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

export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  readonly kind: 'best' | 'last';
  readonly path: string;
}

export interface EndEvent {
  readonly type: 'end';
  readonly step: number;
  readonly reason: 'finished' | 'interrupted';
  /** Lowest validation loss by random windows, and the step at which it was measured. */
  readonly bestVal: number | null;
  readonly bestStep: number | null;
  /** Seconds spent in training steps, and in all. */
  readonly trainSeconds: number;
  readonly seconds: number;
}
