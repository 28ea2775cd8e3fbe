import { NanobardError } from '../../../engine/errors.ts';
import type { TextModel } from '../../../language/text-model.ts';
import { formatCount, formatRate } from '../display/format.ts';
import { GatheredOutput } from '../display/gathered-output.ts';
import { printable } from '../display/terminal-text.ts';
import { exitCodes, type Io, isTerminal } from '../io.ts';
import type { MachineFlags } from '../recipe-flags.ts';
import { styleFor } from '../style.ts';
import { openModel } from './open-model.ts';

export interface SampleFlags extends MachineFlags {
  readonly prompt: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly forget?: number;
  readonly stop: readonly string[];
  readonly count: number;
  readonly seed?: number;
  readonly json?: true;
}

const SEPARATOR = '-'.repeat(15);

/** Writes text in a model's style as it is made; returns the exit code. */
export async function sample(run: string | undefined, flags: SampleFlags, io: Io): Promise<number> {
  const given = flags.prompt === '-' ? await readText(io.stdin) : flags.prompt;
  const prompt = lineFeeds(given);
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 31);
  const model = await openModel(run, flags, io);
  const output = new GatheredOutput(io.stdout);
  try {
    const samples = write(model, prompt, seed, flags);
    if (flags.json) {
      for await (const event of samples) {
        const line = event.type === 'sample' ? { ...event, prompt, seed } : event;
        output.write(`${JSON.stringify(line)}\n`);
      }
    } else {
      await show(samples, { prompt, seed }, output, io);
    }
  } finally {
    output.flush();
    await model.dispose();
  }
  return exitCodes.success;
}

/** Texts that models are trained on have line feeds alone: so must what they are compared with. */
const lineFeeds = (text: string): string => text.replace(/\r\n?/g, '\n');

/** Text of sample `index`, as soon as it is made. Samples come one after the other, not interleaved. */
interface TokenEvent {
  readonly type: 'token';
  readonly index: number;
  readonly text: string;
}

/** Sample `index` is complete; `text` does not repeat the prompt. */
interface SampledEvent {
  readonly type: 'sample';
  readonly index: number;
  readonly text: string;
  readonly tokens: number;
  readonly ms: number;
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number;
  readonly stopped: 'length' | 'stop';
}

async function* write(
  model: TextModel,
  prompt: string,
  seed: number,
  { tokens: limit, temperature, topK, topP, forget, stop, count }: SampleFlags,
): AsyncGenerator<TokenEvent | SampledEvent, void, void> {
  const rules = { tokens: limit, temperature, topK, topP, forget, stop: stop.map(lineFeeds) };
  for (let index = 0; index < count; index++) {
    const begin = performance.now();
    let firstTokenMs = Number.NaN;
    let text = '';
    const pieces = model.generate(prompt, { ...rules, seed: seed + index });
    let next = await pieces.next();
    for (; !next.done; next = await pieces.next()) {
      if (text === '') firstTokenMs = performance.now() - begin;
      text += next.value;
      yield { type: 'token', index, text: next.value };
    }
    const ms = performance.now() - begin;
    const { tokens, stopped } = next.value;
    const tokensPerSecond = (1000 * tokens) / ms;
    yield { type: 'sample', index, text, tokens, ms, tokensPerSecond, firstTokenMs, stopped };
  }
}

async function show(
  samples: AsyncIterable<TokenEvent | SampledEvent>,
  { prompt, seed }: { prompt: string; seed: number },
  output: GatheredOutput,
  io: Io,
): Promise<void> {
  const terminal = isTerminal(io.stdout, io.env);
  const style = styleFor(io.stdout, io.env);
  const safe = (text: string): string => (terminal ? printable(text) : text);
  const done: SampledEvent[] = [];
  let begun = -1;
  let end = '';
  for await (const event of samples) {
    if (event.index > begun) {
      if (begun >= 0) output.write(`${SEPARATOR}\n`);
      if (prompt !== '') output.write(style.bold(safe(prompt)));
      begun = event.index;
    }
    if (event.type === 'token') {
      output.write(safe(event.text));
      end = event.text;
    } else {
      if (!end.endsWith('\n')) output.write('\n');
      done.push(event);
    }
  }
  output.flush();
  if (isTerminal(io.stderr, io.env)) io.stderr.write(`\n${summary(done, seed, io)}\n`);
}

function summary(samples: readonly SampledEvent[], seed: number, io: Io): string {
  const tokens = samples.reduce((sum, sample) => sum + sample.tokens, 0);
  const seconds = samples.reduce((sum, sample) => sum + sample.ms, 0) / 1000;
  const speed = `${formatRate(seconds > 0 ? tokens / seconds : 0)} tok/s`;
  return styleFor(io.stderr, io.env).dim(`${formatCount(tokens)} tokens · ${speed} · seed ${seed}`);
}

async function readText(stdin: Io['stdin']): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    for await (const chunk of stdin) {
      text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new NanobardError('file', 'the prompt on standard input is not UTF-8 text', {
      hint: 'Convert it first, for instance with iconv -t utf-8.',
      cause,
    });
  }
}
