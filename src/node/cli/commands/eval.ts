import { type Context, exitCodes } from '../context.ts';
import { formatCount, formatLoss, formatMilliseconds } from '../display/format.ts';
import { styleFor } from '../style.ts';
import type { MachineOptions } from './session.ts';

export interface EvalFlags extends MachineOptions {
  readonly json?: true;
}

/** Measures a model on the whole validation split; returns the exit code. */
export async function evaluate(
  run: string | undefined,
  flags: EvalFlags,
  { io, engine }: Context,
): Promise<number> {
  const { device, threads, blas } = flags;
  const result = await engine.evaluate({ run, device, threads, blas });
  if (flags.json) {
    io.stdout.write(`${JSON.stringify({ type: 'eval', ...result })}\n`);
    return exitCodes.success;
  }
  const style = styleFor(io.stdout, io.env);
  const row = (name: string, value: string, unit: string): string =>
    `${style.dim(name.padEnd(10))}  ${style.bold(value)} ${style.dim(unit)}`.trimEnd();
  const lines = [
    `${result.path}, after step ${formatCount(result.iter)}`,
    row('loss', formatLoss(result.loss), 'nats per token'),
    row('perplexity', result.perplexity.toFixed(3), ''),
    row('bits', formatLoss(result.bitsPerCharacter), 'per character'),
    style.dim(
      `whole validation split, ${formatCount(result.tokens)} tokens in ${formatMilliseconds(result.ms)}`,
    ),
  ];
  io.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.success;
}
