import type { Tokens } from './dataset.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/**
 * The tokens of documents, which are kept apart: by the token that begins each of them, where the tokenizer has one, as
 * GPT-2 was trained; else by the end of a line.
 */
export function encodeDocuments(tokenizer: Tokenizer, documents: readonly string[]): Int32Array {
  const { endOfText } = tokenizer;
  if (endOfText === undefined) return tokenizer.encode(joined(documents));
  const parts = documents.map((document) => tokenizer.encode(document));
  const tokens = new Int32Array(parts.reduce((sum, { length }) => sum + 1 + length, 0));
  let at = 0;
  for (const part of parts) {
    tokens[at] = endOfText;
    tokens.set(part, at + 1);
    at += 1 + part.length;
  }
  return tokens;
}

/** Documents as one text: each but the last ends its last line, as files do that are put together. */
export function joined(documents: readonly string[]): string {
  const last = documents.length - 1;
  return documents.map((text, i) => (i === last || text.endsWith('\n') ? text : `${text}\n`)).join('');
}

/** Tokens that are read at once. */
const CHUNK = 2 ** 16;

/** How much text stands for all tokens but the first, which are those that are predicted; what begins a document is none. */
export function sizeInText(tokenizer: Tokenizer, tokens: Tokens): { bytes: number; characters: number } {
  const sizes = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.bytesOf(id));
  if (tokenizer.endOfText !== undefined) sizes[tokenizer.endOfText] = new Uint8Array();
  const bytesOf = Int32Array.from(sizes, ({ length }) => length);
  const charactersOf = Int32Array.from(sizes, (bytes) => bytes.filter(beginsCharacter).length);
  let [bytes, characters] = [0, 0];
  for (let start = 1; start < tokens.length; start += CHUNK) {
    for (const token of tokens.subarray(start, Math.min(start + CHUNK, tokens.length))) {
      bytes += bytesOf[token]!;
      characters += charactersOf[token]!;
    }
  }
  return { bytes, characters };
}

/** In UTF-8 the bytes of a character after its first are 0x80 to 0xBF. */
const beginsCharacter = (byte: number): boolean => byte < 0x80 || byte > 0xbf;
