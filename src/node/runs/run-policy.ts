import * as v from 'valibot';
import { wholeFrom1 } from '../../language/fields.ts';

/** What a run does about a loss that is not finite: end, or go back to its last checkpoint with half the learning rate. */
export const onDivergence = ['stop', 'restore'] as const;

export const PolicySchema = v.object({
  /** States that are kept, `checkpoints/step-….safetensors`, of the newest evaluations; none by default. */
  keep: v.optional(wholeFrom1),
  /** Evaluations in a row without a better validation loss after which the run ends; no limit by default. */
  patience: v.optional(wholeFrom1),
  onDivergence: v.optional(v.picklist(onDivergence)),
});

/** What a run does beside training, for as long as it is not told otherwise when it is resumed. */
export type RunPolicy = v.InferOutput<typeof PolicySchema>;
