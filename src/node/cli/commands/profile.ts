import { type Profile, profileRecipe } from '../../runs/profile.ts';
import { exitCodes, type Io } from '../io.ts';
import { runOptions } from '../recipe-flags.ts';
import { styleFor } from '../style.ts';
import { recipeAndText } from '../text-source.ts';
import type { TrainFlags } from './train.ts';

/** Prints where the time of an update goes; returns the exit code. */
export async function profile(named: string | undefined, flags: TrainFlags, io: Io): Promise<number> {
  const result = await profileRecipe({
    ...runOptions(flags),
    ...(await recipeAndText(named, flags.data, io)),
  });
  if (flags.json) io.stdout.write(`${JSON.stringify({ type: 'profile', ...result })}\n`);
  else io.stdout.write(`${table(result, styleFor(io.stdout, io.env).dim).join('\n')}\n`);
  return exitCodes.success;
}

/** One line for each operation: calls and milliseconds in an update, share of it, speed, share of the peak. */
export function table({ stepMs, peakGflops, operations }: Profile, dim: (text: string) => string): string[] {
  const total = operations.reduce((sum, { ms }) => sum + ms, 0);
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const rows = [
    ['operation', 'calls', 'ms', 'of step', 'GFLOP/s', 'of peak'],
    ...operations.map(({ op, calls, ms, gflops }) => [
      ...[op, calls.toFixed(0), ms.toFixed(2), percent(ms / total)],
      ...[gflops.toFixed(1), percent(gflops / peakGflops)],
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const [header, ...lines] = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  return [
    dim(header!),
    ...lines,
    '',
    `a step takes ${stepMs.toFixed(1)} ms (${total.toFixed(1)} one operation at a time); ` +
      `a large matrix product reaches ${peakGflops.toFixed(0)} GFLOP/s here, the peak`,
  ];
}
