import { buffer } from 'node:stream/consumers';
import { NanobardError } from '../../../engine/errors.ts';
import type { GenerateTextOptions } from '../../../language/text-model.ts';
import { loadModel } from '../../load-model.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { formatCount, formatRate } from '../display/format.ts';
import { GatheredOutput } from '../display/gathered-output.ts';
import { printable } from '../display/terminal-text.ts';
import { exitCodes, type Io, isTerminal } from '../io.ts';
import type { MachineFlags } from '../recipe-flags.ts';
import { styleFor, writeNotes } from '../style.ts';

export interface SampleFlags extends MachineFlags, GenerateTextOptions {
  readonly prompt: string;
  readonly stop: readonly string[];
  readonly count: number;
  readonly json?: true;
}

const SEPARATOR = '-'.repeat(15);

/** Texts that models are trained on have line feeds alone: so must what they are compared with. */
const lineFeeds = (text: string): string => text.replace(/\r\n?/g, '\n');

/**
 * Writes text in a model's style as it is made; returns the exit code. Samples come one after the other, not
 * interleaved.
 */
export async function sample(run: string | undefined, flags: SampleFlags, io: Io): Promise<number> {
  const { device, threads, blas, json, count, stop, prompt: given, ...rest } = flags;
  const { seed = Math.floor(Math.random() * 2 ** 31), ...rules } = rest;
  const prompt = lineFeeds(given === '-' ? await readText(io.stdin) : given);
  const model = await loadModel(run ?? (await RunFolder.newest()), { device, threads, blas });
  writeNotes(model.device.notes, io);
  const output = new GatheredOutput(io.stdout);
  const tell = (event: object): void => output.write(`${JSON.stringify(event)}\n`);
  const safe = (text: string): string => (isTerminal(io.stdout, io.env) ? printable(text) : text);
  const before = prompt === '' ? '' : styleFor(io.stdout, io.env).bold(safe(prompt));
  const all = { tokens: 0, ms: 0 };
  try {
    for (let index = 0; index < count; index++) {
      const begin = performance.now();
      const pieces = model.generate(prompt, { ...rules, stop: stop.map(lineFeeds), seed: seed + index });
      let next = await pieces.next();
      const firstTokenMs = next.done ? Number.NaN : performance.now() - begin;
      if (!json) output.write(index === 0 ? before : `${SEPARATOR}\n${before}`);
      let text = ''; // without the prompt
      for (; !next.done; next = await pieces.next()) {
        text += next.value;
        if (json) tell({ type: 'token', index, text: next.value });
        else output.write(safe(next.value));
      }
      const ms = performance.now() - begin;
      const { tokens, stopped } = next.value;
      const speed = { tokens, ms, tokensPerSecond: (1000 * tokens) / ms, firstTokenMs };
      if (json) tell({ type: 'sample', index, text, ...speed, stopped, prompt, seed });
      else if (!text.endsWith('\n')) output.write('\n');
      all.tokens += tokens;
      all.ms += ms;
    }
  } finally {
    output.flush();
    await model.dispose();
  }
  if (!json && isTerminal(io.stderr, io.env)) {
    const speed = `${formatRate(all.ms > 0 ? (1000 * all.tokens) / all.ms : 0)} tok/s`;
    const summary = `${formatCount(all.tokens)} tokens · ${speed} · seed ${seed}`;
    io.stderr.write(`\n${styleFor(io.stderr, io.env).dim(summary)}\n`);
  }
  return exitCodes.success;
}

async function readText(stdin: Io['stdin']): Promise<string> {
  const bytes = await buffer(stdin);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new NanobardError('file', 'the prompt on standard input is not UTF-8 text', {
      hint: 'Convert it first, for instance with iconv -t utf-8.',
      cause,
    });
  }
}
