import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { evaluateRun } from '../../runs/evaluate.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { formatCount, formatLoss, formatMilliseconds } from '../display/format.ts';
import { exitCodes, type Io } from '../io.ts';
import { type MachineFlags, runOptions } from '../recipe-flags.ts';
import { styleFor, writeNotes } from '../style.ts';
import { textSource, withoutName } from '../text-source.ts';

export interface EvalFlags extends MachineFlags {
  readonly data?: readonly string[];
  readonly json?: true;
}

/** Measures a model on the whole validation split; returns the exit code. */
export async function evaluate(named: string | undefined, flags: EvalFlags, io: Io): Promise<number> {
  const begin = performance.now();
  const isRun = (path: string): boolean => existsSync(join(path, 'config.json'));
  const [run, texts] = withoutName(named, flags.data, isRun);
  const data = await textSource(texts, io);
  const path = run ?? (await RunFolder.newest());
  const { loss, notes, step, tokens, bytes, characters } = await evaluateRun(path, {
    ...runOptions(flags),
    data,
  });
  writeNotes(notes, io);
  const [perplexity, bits] = [Math.exp(loss), (loss * tokens) / Math.LN2];
  const [bitsPerByte, bitsPerCharacter] = [bits / bytes, bits / characters];
  const ms = performance.now() - begin;
  if (flags.json) {
    const measures = { loss, perplexity, bitsPerByte, bitsPerCharacter };
    const result = { type: 'eval', ...measures, tokens, bytes, step, path, ms };
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
    row('bits', formatLoss(bitsPerByte), `per byte, ${formatLoss(bitsPerCharacter)} per character`),
    dim(`whole validation split, ${formatCount(tokens)} tokens in ${formatMilliseconds(ms)}`),
  ];
  io.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.success;
}
