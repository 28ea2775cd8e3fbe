import { NanobardError } from '../../../engine/errors.ts';
import { type Context, exitCodes } from '../context.ts';
import { formatCount, formatRate } from '../display/format.ts';
import { GatheredOutput } from '../display/gathered-output.ts';
import { printable } from '../display/text.ts';
import { type Io, isTerminal } from '../io.ts';
import { styleFor } from '../style.ts';
import type { MachineOptions, SampledEvent, SampleOptions } from './session.ts';

export interface SampleFlags extends MachineOptions {
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
export async function sample(
  run: string | undefined,
  flags: SampleFlags,
  { io, engine }: Context,
): Promise<number> {
  const prompt = flags.prompt === '-' ? await readText(io.stdin) : flags.prompt;
  const { tokens, temperature, topK, topP, forget, stop, count, device, threads, blas } = flags;
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 31);
  const options: SampleOptions = {
    ...{ run, prompt, tokens, temperature, topK, topP, forget, stop, count, seed, device, threads, blas },
  };
  const output = new GatheredOutput(io.stdout);
  try {
    if (flags.json) {
      for await (const event of engine.sample(options)) {
        const line = event.type === 'sample' ? { ...event, prompt, seed } : event;
        output.write(`${JSON.stringify(line)}\n`);
      }
    } else {
      await show(options, output, { io, engine });
    }
  } finally {
    output.flush();
  }
  return exitCodes.success;
}

async function show(options: SampleOptions, output: GatheredOutput, { io, engine }: Context): Promise<void> {
  const terminal = isTerminal(io.stdout, io.env);
  const style = styleFor(io.stdout, io.env);
  const safe = (text: string): string => (terminal ? printable(text) : text);
  const done: SampledEvent[] = [];
  let begun = -1;
  let end = '';
  for await (const event of engine.sample(options)) {
    if (event.index > begun) {
      if (begun >= 0) output.write(`${SEPARATOR}\n`);
      if (options.prompt !== '') output.write(style.bold(safe(options.prompt)));
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
  if (isTerminal(io.stderr, io.env)) io.stderr.write(`\n${summary(done, options.seed, io)}\n`);
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
