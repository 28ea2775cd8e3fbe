import type { Generator } from '../../engine/tensor/generator.ts';
import type { Split } from '../data/dataset.ts';
import { diverged } from './diverged.ts';
import type { Evaluator } from './evaluator.ts';
import type { EvalEvent } from './events.ts';
import type { TrainerOptions } from './trainer.ts';

/** Batches of random windows at most that measure a model before its first step: on all text it is equally bad. */
const UNTRAINED_BATCHES = 2;

/** Tokens of a validation split that is measured as a whole while training: of a larger one random windows must do. */
const WHOLE_SPLIT = 2 ** 20;

/**
 * What an evaluation in the course of a training measures, after `step` steps. Before the first one it is brief, so that
 * training starts at once; where all is to be as in nanoGPT, it is not. An aborted `signal` throws its reason.
 *
 * @throws {NanobardError} code `diverged` if a loss is not finite.
 */
export async function measure(
  evaluator: Evaluator,
  { dataset, config, bytesPerToken }: Pick<TrainerOptions, 'dataset' | 'config' | 'bytesPerToken'>,
  {
    step,
    generator,
    signal,
  }: { readonly step: number; readonly generator: Generator; readonly signal: AbortSignal | undefined },
): Promise<Pick<EvalEvent, 'train' | 'val' | 'valFull' | 'bitsPerByte'>> {
  const { evalIters, sharedStream } = config;
  const untrained = step === 0;
  const whole = !untrained && dataset.validation.length <= WHOLE_SPLIT;
  const measured = untrained && !sharedStream ? Math.min(evalIters, UNTRAINED_BATCHES) : evalIters;
  const estimate = (split: Split): Promise<number> =>
    evaluator.randomWindows(split, evalIters, generator, signal, measured);
  const train = await estimate('train');
  const val = await estimate('validation');
  const valFull = whole ? (await evaluator.wholeSplit('validation', signal)).loss : null;
  if (![train, val, valFull ?? val].every(Number.isFinite)) {
    const all = valFull === null ? '' : ` and ${valFull}`;
    throw diverged(`after step ${step} the losses are ${train} (train), ${val}${all} (validation)`);
  }
  const bitsPerByte = bytesPerToken ? (valFull ?? val) / Math.LN2 / bytesPerToken : null;
  return { train, val, valFull, bitsPerByte };
}
