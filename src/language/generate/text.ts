import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Decoder, GenerateOptions } from './decoder.ts';

export interface TextOptions extends GenerateOptions {
  /** One text or several that end the sample when they appear; they are not part of it. */
  readonly stop?: string | readonly string[] | undefined;
}

/** Whether a sample ended at a stop text or by its length, and how many tokens were made. */
export interface TextEnd {
  readonly stopped: 'length' | 'stop';
  readonly tokens: number;
}

/** Text of one of several samples, counted from 0; the last has its `end`, and may be empty. */
export interface TextPiece {
  readonly index: number;
  readonly text: string;
  readonly end?: TextEnd;
}

/**
 * Streams text as it is made. What may be the beginning of a stop text, and the first bytes of a character whose others
 * are still to come, are held back until that is decided.
 *
 * @returns how the sample ended
 */
export async function* generateText(
  model: Pick<Decoder, 'generate'>,
  tokenizer: Tokenizer,
  prompt: ArrayLike<number>,
  options: TextOptions,
): AsyncGenerator<string, TextEnd, void> {
  const sample = new Sample(tokenizer, options);
  for await (const token of model.generate(prompt, options)) {
    const text = sample.add(token);
    if (text !== '') yield text;
    if (sample.ended) return sample.end;
  }
  const rest = sample.rest();
  if (rest !== '') yield rest;
  return sample.end;
}

/** The same for several samples that are made together: a prompt, and options, for each. */
export async function* generateTexts(
  model: Pick<Decoder, 'together'>,
  tokenizer: Tokenizer,
  texts: readonly (readonly [prompt: ArrayLike<number>, options: TextOptions])[],
): AsyncGenerator<TextPiece, void, void> {
  const samples = texts.map(([prompt, options]) => new Sample(tokenizer, options, prompt));
  for await (const choices of model.together(samples)) {
    for (const { index, token } of choices) {
      const sample = samples[index]!;
      const text = sample.add(token);
      const complete = !sample.ended && sample.end.tokens === sample.options.tokens;
      if (complete) yield { index, text: text + sample.rest(), end: sample.end };
      else if (sample.ended) yield { index, text, end: sample.end };
      else if (text !== '') yield { index, text };
    }
  }
}

/** The text that a sample's tokens make, and whether it is at its end. */
class Sample {
  readonly prompt: ArrayLike<number>;
  readonly options: TextOptions;
  /** Whether a stop text has appeared. */
  ended = false;
  private readonly tokenizer: Tokenizer;
  private readonly stops: readonly string[];
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private held = '';
  private tokens = 0;

  constructor(tokenizer: Tokenizer, options: TextOptions, prompt: ArrayLike<number> = []) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.prompt = prompt;
    this.stops = [options.stop ?? []].flat().filter((stop) => stop !== '');
  }

  get end(): TextEnd {
    return { stopped: this.ended ? 'stop' : 'length', tokens: this.tokens };
  }

  /** The text that is certain with one more token. */
  add(token: number): string {
    this.tokens++;
    this.held += this.decoder.decode(this.tokenizer.bytesOf(token), { stream: true });
    const { held, stops } = this;
    const ends = stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0);
    this.ended = ends.length > 0;
    if (this.ended) return held.slice(0, Math.min(...ends));
    const safe = held.length - Math.max(0, ...stops.map((stop) => overlap(held, stop)));
    this.held = held.slice(safe);
    return held.slice(0, safe);
  }

  /** What was held back, once there are no more tokens. */
  rest(): string {
    return this.held + this.decoder.decode(); // a character that was never completed
  }
}

/** Length of the longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(text.length, stop.length - 1); n > 0; n--)
    if (text.endsWith(stop.slice(0, n))) return n;
  return 0;
}
