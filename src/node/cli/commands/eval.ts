import { evaluateRun } from '../../runs/evaluate.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { formatCount, formatLoss, formatMilliseconds } from '../display/format.ts';
import { exitCodes, type Io } from '../io.ts';
import { type MachineFlags, runOptions } from '../recipe-flags.ts';
import { styleFor, writeNotes } from '../style.ts';

export interface EvalFlags extends MachineFlags {
  readonly data?: string;
  readonly json?: true;
}

/** Measures a model on the whole validation split; returns the exit code. */
export async function evaluate(run: string | undefined, flags: EvalFlags, io: Io): Promise<number> {
  const begin = performance.now();
  const path = run ?? (await RunFolder.newest());
  const { loss, notes, step, tokens } = await evaluateRun(path, runOptions(flags));
  writeNotes(notes, io);
  const [perplexity, bitsPerCharacter] = [Math.exp(loss), loss / Math.LN2];
  const ms = performance.now() - begin;
  if (flags.json) {
    const result = { type: 'eval', loss, perplexity, bitsPerCharacter, tokens, step, path, ms };
    io.stdout.write(`${JSON.stringify(result)}\n`);
    return exitCodes.success;
  }
  const { bold, dim } = styleFor(io.stdout, io.env);
  const row = (name: string, value: string, unit: string): string =>
    `${dim(name.padEnd(10))}  ${bold(value)} ${dim(unit)}`.trimEnd();
  const lines = [
    `${path}, after step ${formatCount(step)}`,
    row('loss', formatLoss(loss), 'nats per token'),
    row('perplexity', perplexity.toFixed(3), ''),
    row('bits', formatLoss(bitsPerCharacter), 'per character'),
    dim(`whole validation split, ${formatCount(tokens)} tokens in ${formatMilliseconds(ms)}`),
  ];
  io.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.success;
}
