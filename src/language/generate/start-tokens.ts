import type { Tokenizer } from '../data/tokenizer.ts';

/** What generation goes on from when no prompt is given: a line break, or else the first token. */
export function startTokens(tokenizer: Tokenizer): Int32Array {
  try {
    return tokenizer.encode('\n');
  } catch {
    return Int32Array.of(0);
  }
}
