import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Decoder, GenerateOptions } from './decoder.ts';

export interface TextOptions extends GenerateOptions {
  /** One text or several that end the sample when they appear; they are not part of it. */
  readonly stop?: string | readonly string[] | undefined;
}

/**
 * Streams text as it is made. What may be the beginning of a stop text, and the first bytes of a character whose others
 * are still to come, are held back until that is decided.
 *
 * @returns whether the sample ended at a stop text or by its length, and how many tokens were made
 */
export async function* generateText(
  model: Decoder,
  tokenizer: Tokenizer,
  prompt: ArrayLike<number>,
  options: TextOptions,
): AsyncGenerator<string, { stopped: 'length' | 'stop'; tokens: number }, void> {
  const stops = [options.stop ?? []].flat().filter((stop) => stop !== '');
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let held = '';
  let tokens = 0;
  for await (const token of model.generate(prompt, options)) {
    tokens++;
    held += decoder.decode(tokenizer.bytesOf(token), { stream: true });
    const ends = stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0);
    if (ends.length > 0) {
      const text = held.slice(0, Math.min(...ends));
      if (text !== '') yield text;
      return { stopped: 'stop', tokens };
    }
    const safe = held.length - Math.max(0, ...stops.map((stop) => overlap(held, stop)));
    if (safe > 0) yield held.slice(0, safe);
    held = held.slice(safe);
  }
  held += decoder.decode(); // a character that was never completed
  if (held !== '') yield held;
  return { stopped: 'length', tokens };
}

/** Length of the longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(text.length, stop.length - 1); n > 0; n--)
    if (text.endsWith(stop.slice(0, n))) return n;
  return 0;
}
