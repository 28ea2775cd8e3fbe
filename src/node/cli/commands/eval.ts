import { formatCount, formatLoss, formatMilliseconds } from '../display/format.ts';
import { exitCodes, type Io } from '../io.ts';
import type { MachineFlags } from '../recipe-flags.ts';
import { styleFor, writeNotes } from '../style.ts';
import { newestRun } from './open-model.ts';

export interface EvalFlags extends MachineFlags {
  readonly data?: string;
  readonly json?: true;
}

/** Measures a model on the whole validation split; returns the exit code. */
export async function evaluate(run: string | undefined, flags: EvalFlags, io: Io): Promise<number> {
  const result = await measure(run, flags, io);
  if (flags.json) {
    io.stdout.write(`${JSON.stringify({ type: 'eval', ...result })}\n`);
    return exitCodes.success;
  }
  const style = styleFor(io.stdout, io.env);
  const row = (name: string, value: string, unit: string): string =>
    `${style.dim(name.padEnd(10))}  ${style.bold(value)} ${style.dim(unit)}`.trimEnd();
  const lines = [
    `${result.path}, after step ${formatCount(result.step)}`,
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

async function measure(run: string | undefined, { data, device, threads, blas }: EvalFlags, io: Io) {
  const begin = performance.now();
  const { evaluateRun } = await import('../../runs/evaluate.ts');
  const path = run ?? (await newestRun());
  const { loss, notes, ...rest } = await evaluateRun(path, { data, device, threads, blas });
  writeNotes(notes, io);
  const ms = performance.now() - begin;
  return { loss, perplexity: Math.exp(loss), bitsPerCharacter: loss / Math.LN2, ...rest, path, ms };
}
