/** What a Trainer reports; with `--json` each is one line of output. Losses are in nats per token. */
export type TrainEvent = StartEvent | StepEvent | EvalEvent | SampleEvent | CheckpointEvent | EndEvent;

export interface StartEvent {
  readonly type: 'start';
  /** Updates already done when this run starts: 0, or the checkpoint's when it resumes. */
  readonly iter: number;
  readonly maxIters: number;
  /** Number of trainable parameters, tied ones counted once. */
  readonly parameters: number;
  readonly tokensPerStep: number;
  /** Floating-point operations of one update. */
  readonly flopsPerStep: number;
  /** Bytes of device memory in use. */
  readonly bytes: number;
  readonly device: string;
  readonly threads: number;
}

export interface StepEvent {
  readonly type: 'step';
  /** Updates done, this one included. */
  readonly iter: number;
  /** Mean cross entropy of the step's batches, before the update. */
  readonly loss: number;
  readonly lr: number;
  /** Global norm of the gradient, before clipping. */
  readonly gradNorm: number;
  readonly ms: number;
  readonly tokensPerSecond: number;
}

export interface EvalEvent {
  readonly type: 'eval';
  readonly iter: number;
  /**
   * Mean loss over random windows of the training split (nanoGPT's estimator). Before the first update two batches
   * of them must do, unless the recipe draws as nanoGPT does.
   */
  readonly train: number;
  /** The same over the validation split. */
  readonly val: number;
  /** Mean loss over the whole validation split, each token once; null before the first update. */
  readonly valFull: number | null;
  /** Whether `val` is the lowest so far; what has learned nothing yet does not count. */
  readonly best: boolean;
  readonly ms: number;
}

export interface SampleEvent {
  readonly type: 'sample';
  readonly iter: number;
  readonly text: string;
}

export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly iter: number;
  readonly kind: 'best' | 'last';
  readonly path: string;
}

export interface EndEvent {
  readonly type: 'end';
  readonly iter: number;
  readonly reason: 'finished' | 'interrupted';
  /** Lowest validation loss by random windows, and the update at which it was measured. */
  readonly bestVal: number | null;
  readonly bestIter: number | null;
  /** Seconds spent in training steps, and in all. */
  readonly trainSeconds: number;
  readonly seconds: number;
}
