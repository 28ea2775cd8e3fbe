import { NanobardError } from '../../../engine/errors.ts';
import { BpeTokenizer } from '../../data/tokenizer/bpe.ts';
import { toSymbols } from '../../data/tokenizer/byte-symbols.ts';
import { CharTokenizer } from '../../data/tokenizer/char.ts';
import type { Tokenizer } from '../../data/tokenizer/tokenizer.ts';
import { binaryOf, bytesOfText } from '../../data/tokenizer/utf8.ts';
import { END_OF_TEXT } from '../../data/tokenizer/vocabulary.ts';
import { array, bool, i32, text, u32, type Value } from './write.ts';

/** llama.cpp's kinds of tokens. */
export const tokenKinds = { normal: 1, control: 3, unused: 5 } as const;

/**
 * llama.cpp's name of how a text is cut into words. "gpt-2" would be GPT-2's pattern, but takes away spaces before
 * punctuation when it decodes; "trillion" is the same pattern without that.
 */
export const PRE_TOKENIZER = 'trillion';

/**
 * The metadata that describes a tokenizer. llama.cpp always has a token that ends a text, and takes number 11 where it
 * is told of none: a tokenizer without one gets one more at its end, `<|endoftext|>`, that is never to be drawn.
 *
 * @throws {NanobardError} code `config` if llama.cpp has nothing that would encode alike.
 */
export function tokenizerMetadata(tokenizer: Tokenizer): [key: string, value: Value][] {
  const { vocabSize, endOfText } = tokenizer;
  const end = endOfText ?? vocabSize;
  const special = specialTokens(tokenizer).set(end, END_OF_TEXT);
  const tokens = Array.from({ length: Math.max(vocabSize, end + 1) }, (_, id) => {
    const name = special.get(id);
    if (name !== undefined) return { text: name, kind: tokenKinds.control };
    const bytes = tokenizer.bytesOf(id);
    if (bytes.length === 0) return { text: `[unused ${id}]`, kind: tokenKinds.unused };
    return { text: toSymbols(binaryOf(bytes)), kind: tokenKinds.normal };
  });
  const entries: Record<string, Value> = {
    model: text('gpt2'),
    pre: text(PRE_TOKENIZER),
    tokens: array(
      'text',
      tokens.map((token) => text(token.text)),
    ),
    token_type: array(
      'i32',
      tokens.map(({ kind }) => i32(kind)),
    ),
    merges: array('text', mergesOf(tokenizer).map(text)),
    bos_token_id: u32(end),
    eos_token_id: u32(end),
    add_bos_token: bool(false),
    ...(endOfText === undefined && { suppress_tokens: array('i32', [i32(end)]) }),
  };
  return Object.entries(entries).map(([key, value]) => [`tokenizer.ggml.${key}`, value]);
}

function specialTokens(tokenizer: Tokenizer): Map<number, string> {
  if (!(tokenizer instanceof BpeTokenizer)) return new Map();
  return new Map([...tokenizer.special].map(([name, id]) => [id, name]));
}

/** Pairs of symbols, separated by a space. */
function mergesOf(tokenizer: Tokenizer): string[] {
  if (tokenizer instanceof CharTokenizer) return characterMerges(tokenizer.characters);
  if (!(tokenizer instanceof BpeTokenizer)) return [];
  if (tokenizer.ignoreMerges) {
    throw new NanobardError('config', "GGUF's tokenizers put words together from parts; this one does not", {
      hint: 'Export it to hf or onnx.',
      options: ['to'],
    });
  }
  const symbols = (id: number): string => toSymbols(binaryOf(tokenizer.bytesOf(id)));
  return tokenizer.merges.map(([a, b]) => `${symbols(a)} ${symbols(b)}`);
}

/**
 * Merges that put the bytes of a character together from left to right, and nothing else: a character begins with a
 * byte that no other character has within it. What stands between need not be a token.
 */
export function characterMerges(characters: readonly string[]): string[] {
  const merges = characters.flatMap((character) => {
    const symbols = [...toSymbols(binaryOf(bytesOfText(character)))];
    return symbols.slice(1).map((symbol, i) => `${symbols.slice(0, i + 1).join('')} ${symbol}`);
  });
  return [...new Set(merges)];
}
