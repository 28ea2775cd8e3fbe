import type { Profile } from '../../runs/profile.ts';
import { exitCodes, type Io } from '../io.ts';
import { recipeChanges } from '../recipe-flags.ts';
import { styleFor } from '../style.ts';
import type { TrainFlags } from './train.ts';

/** Prints where the time of an update goes; returns the exit code. */
export async function profile(recipe: string | undefined, flags: TrainFlags, io: Io): Promise<number> {
  const { data, device, threads, blas, json } = flags;
  const { profileRecipe } = await import('../../runs/profile.ts');
  const result = await profileRecipe({ recipe, data, device, threads, blas, ...recipeChanges(flags) });
  if (json) io.stdout.write(`${JSON.stringify({ type: 'profile', ...result })}\n`);
  else io.stdout.write(`${table(result, styleFor(io.stdout, io.env).dim).join('\n')}\n`);
  return exitCodes.success;
}

/** One line for each operation: calls and milliseconds in an update, share of it, speed, share of the peak. */
export function table({ stepMs, peakGflops, operations }: Profile, dim: (text: string) => string): string[] {
  const total = operations.reduce((sum, { ms }) => sum + ms, 0);
  const cells = operations.map(({ op, calls, ms, gflops }) => [
    op,
    calls.toFixed(0),
    ms.toFixed(2),
    `${((100 * ms) / total).toFixed(0)} %`,
    gflops.toFixed(1),
    `${((100 * gflops) / peakGflops).toFixed(0)} %`,
  ]);
  const header = ['operation', 'calls', 'ms', 'of step', 'GFLOP/s', 'of peak'];
  const widths = header.map((title, i) =>
    Math.max(...[header, ...cells].map((row) => row[i]!.length), title.length),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const summary = `a step takes ${stepMs.toFixed(1)} ms (${total.toFixed(1)} one operation at a time)`;
  return [
    dim(line(header)),
    ...cells.map(line),
    '',
    `${summary}; a large matrix product reaches ${peakGflops.toFixed(0)} GFLOP/s here, the peak`,
  ];
}
