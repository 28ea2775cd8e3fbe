import { buffer } from 'node:stream/consumers';
import { NanobardError } from '../../../engine/errors.ts';
import type { TextPiece } from '../../../language/generate/text.ts';
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

type Timed = TextPiece & { readonly ms: number };

const SEPARATOR = '-'.repeat(15);

/** Texts that models are trained on have line feeds alone: so must what they are compared with. */
const lineFeeds = (text: string): string => text.replace(/\r\n?/g, '\n');

/**
 * Writes text in a model's style as it is made; returns the exit code. Samples are made together, but come one after the
 * other, not interleaved.
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
  const begin = performance.now();
  let made = 0;
  try {
    const prompts = Array<string>(count).fill(prompt);
    const pieces = model.generateAll(prompts, { ...rules, stop: stop.map(lineFeeds), seed });
    const firstTokenMs: number[] = [];
    let text = ''; // without the prompt
    for await (const { index, ms, ...piece } of inOrder(timed(pieces, begin))) {
      if (firstTokenMs[index] === undefined) {
        firstTokenMs[index] = ms;
        text = '';
        if (!json) output.write(index === 0 ? before : `${SEPARATOR}\n${before}`);
      }
      text += piece.text;
      if (!json) output.write(safe(piece.text));
      else if (piece.text !== '') tell({ type: 'token', index, text: piece.text });
      if (!piece.end) continue;
      const { tokens, stopped } = piece.end;
      made += tokens;
      const speed = { tokens, ms, tokensPerSecond: (1000 * tokens) / ms, firstTokenMs: firstTokenMs[index] };
      if (json) tell({ type: 'sample', index, text, ...speed, stopped, prompt, seed });
      else if (!text.endsWith('\n')) output.write('\n');
    }
  } finally {
    output.flush();
    await model.dispose();
  }
  const ms = performance.now() - begin;
  if (!json && isTerminal(io.stderr, io.env)) {
    const speed = `${formatRate((1000 * made) / ms)} tok/s`;
    const summary = `${formatCount(made)} tokens · ${speed} · seed ${seed}`;
    io.stderr.write(`\n${styleFor(io.stderr, io.env).dim(summary)}\n`);
  }
  return exitCodes.success;
}

/** Pieces, with the milliseconds since `begin`. */
async function* timed(pieces: AsyncIterable<TextPiece>, begin: number): AsyncGenerator<Timed> {
  for await (const piece of pieces) yield { ...piece, ms: performance.now() - begin };
}

/** Pieces of the first sample as they come, then those of the second, …: what comes early waits. */
async function* inOrder(pieces: AsyncIterable<Timed>): AsyncGenerator<Timed> {
  const waiting = new Map<number, Timed[]>();
  let current = 0;
  for await (const piece of pieces) {
    const early = waiting.get(piece.index);
    if (early) early.push(piece);
    else waiting.set(piece.index, [piece]);
    for (let ready = waiting.get(current); ready; ready = waiting.get(current)) {
      waiting.delete(current);
      yield* ready;
      if (!ready.at(-1)!.end) break;
      current++;
    }
  }
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
