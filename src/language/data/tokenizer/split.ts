import { compilePattern } from './pattern.ts';

/** GPT-2's way of cutting a text into words (`pat` in its encoder.py). */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** A way to cut, in Oniguruma's notation; or one that keeps what matches, and nothing else. */
export type Pattern = string | { readonly keep: string };

/**
 * Cuts texts into the words that are merged each by itself: what a pattern matches, and what lies between. Of several
 * patterns each cuts what those before it have left, as Hugging Face's `Split` with the
 * behavior `Isolated` does, or, inverted, `Removed`.
 */
export class Splitter {
  private readonly patterns: readonly { readonly expression: RegExp; readonly keeps: boolean }[];

  /**
   * @param patterns in Oniguruma's notation, as `tokenizer.json` has them; without any a text is one word
   * @throws {NanobardError} code `checkpoint` for a pattern that cannot be translated
   */
  constructor(patterns: readonly Pattern[] = [GPT2_PATTERN]) {
    this.patterns = patterns.map((pattern) =>
      typeof pattern === 'string'
        ? { expression: compilePattern(pattern), keeps: false }
        : { expression: compilePattern(pattern.keep), keeps: true },
    );
  }

  /** Calls `visit` with each word of a text, in order; together they are the text, but what a pattern does not keep. */
  each(text: string, visit: (word: string) => void): void {
    this.cut(text, 0, visit);
  }

  private cut(text: string, index: number, visit: (word: string) => void): void {
    const pattern = this.patterns[index];
    if (!pattern) {
      if (text !== '') visit(text);
      return;
    }
    const { expression, keeps } = pattern;
    const isLast = index + 1 === this.patterns.length;
    const inner = isLast ? visit : (word: string) => this.cut(word, index + 1, visit);
    let from = 0; // where the word begins
    let at = 0; // where the pattern is tried
    while (at < text.length) {
      expression.lastIndex = at;
      if (!expression.test(text)) {
        at += widthAt(text, at);
        continue;
      }
      const to = expression.lastIndex;
      if (at > from && !keeps) inner(text.slice(from, at)); // what lay between
      if (to > at) inner(text.slice(at, to));
      from = to;
      at = to > at ? to : at + widthAt(text, at); // matches of nothing cut, too
    }
    if (from < text.length && !keeps) inner(text.slice(from));
  }
}

/** UTF-16 units of the character at a place. */
const widthAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1);
