/**
 * GPT-2's way of cutting a text into words (`pat` in its encoder.py). What JavaScript calls \s has U+FEFF and lacks U+0085;
 * Unicode's white space, which GPT-2's and Rust's \s are, is \p{White_Space}.
 */
const WORD =
  /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** The same as other implementations write it, for files. */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Calls `visit` with each word of a text, in order; together they are the text. */
export function eachWord(text: string, visit: (word: string) => void): void {
  let from = 0;
  WORD.lastIndex = 0;
  while (WORD.test(text)) {
    const to = WORD.lastIndex;
    visit(text.slice(from, to));
    from = to;
    WORD.lastIndex = to; // `visit` may have used it
  }
}
