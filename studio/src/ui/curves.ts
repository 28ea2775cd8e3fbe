import type { Baselines, CurveData } from 'nanobard';
import type { Line } from './plot.tsx';

/** What curves are called in the reader's language. */
export interface CurveWords {
  readonly trainLoss: string;
  readonly trainEval: string;
  readonly val: string;
  readonly uniform: string;
  readonly unigram: string;
  readonly bigram: string;
}

export interface NamedCurve {
  readonly name: string;
  readonly curve: CurveData;
}

const colours = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6'] as const;

/** The colour of the run at a place in a list. */
export const colourOf = (place: number): string => colours[place % colours.length]!;

/** An exponential moving mean without a bias to its beginning; `weight` of what was before, from 0 to below 1. */
export function smoothed(values: readonly number[], weight: number): number[] {
  let [mean, total] = [0, 0];
  return values.map((value) => {
    mean = weight * mean + (1 - weight) * value;
    total = weight * total + 1 - weight;
    return mean / total;
  });
}

/** The losses of some runs, each in a colour: of steps, and of evaluations; of one alone also what counting would give. */
export function lossLines(
  runs: readonly NamedCurve[],
  say: CurveWords,
  { smoothing, baselines }: { readonly smoothing: number; readonly baselines?: Baselines | undefined },
): Line[] {
  const alone = runs.length === 1;
  const lines = runs.flatMap(({ name, curve: { steps, evals } }, i): Line[] => {
    const colour = colourOf(i);
    const of = (what: string): string => (alone ? what : `${name}: ${what}`);
    const x = steps.step;
    const validation = evals.filter(({ step }) => step > 0);
    return [
      {
        label: of(say.trainLoss),
        colour,
        x,
        y: smoothed(steps.loss, smoothing),
        width: 1.5,
        alpha: alone ? 1 : 0.5,
      },
      {
        label: of(say.val),
        colour: alone ? '--line-2' : colour,
        x: validation.map(({ step }) => step),
        y: validation.map(({ val }) => val),
        width: 3,
        dots: true,
      },
    ];
  });
  const [first] = runs;
  if (!alone || !first || !baselines) return lines;
  const { step } = first.curve.steps;
  const ends = [step[0], step.at(-1)].filter((end) => end !== undefined);
  const limits = (['uniform', 'unigram', 'bigram'] as const).flatMap((name, i): Line[] => {
    const value = baselines[name];
    if (value === undefined || !Number.isFinite(value) || ends.length < 2) return [];
    const colour = colourOf(2 + i);
    return [{ label: say[name], colour, x: ends, y: ends.map(() => value), dashed: true, width: 1 }];
  });
  return [...lines, ...limits];
}
