import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { BpeTokenizer } from '../../data/tokenizer/bpe.ts';
import { fromSymbols, toSymbols } from '../../data/tokenizer/byte-symbols.ts';
import { ByteTokenizer } from '../../data/tokenizer/bytes.ts';
import { CharTokenizer } from '../../data/tokenizer/char.ts';
import type { Tokenizer } from '../../data/tokenizer/tokenizer.ts';
import { binaryOf, bytesOfBinary, bytesOfText, textOf } from '../../data/tokenizer/utf8.ts';
import { END_OF_TEXT } from '../../data/tokenizer/vocabulary.ts';
import { parsed, wholeFrom0 } from '../../fields.ts';
import type { Metadata } from './read.ts';
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

/** What a tokenizer does unlike GPT-2's. */
const ways = {
  ignoreMerges: 'does not put words together from parts where they are tokens',
  patterns: 'cuts words by a pattern other than that of GPT-2',
  normalForm: "brings texts into one of Unicode's normal forms",
  normalized: "finds special tokens in one of Unicode's normal forms",
  begin: 'begins documents with a token of another name',
} as const;

/** Pairs of symbols, separated by a space. */
function mergesOf(tokenizer: Tokenizer): string[] {
  if (tokenizer instanceof CharTokenizer) return characterMerges(tokenizer.characters);
  if (!(tokenizer instanceof BpeTokenizer)) return [];
  const unlike = Object.entries(ways).find(([way]) => Object.hasOwn(tokenizer.ways, way));
  if (unlike) {
    throw new NanobardError('config', `llama.cpp has no tokenizer like this one, which ${unlike[1]}`, {
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

const TokenizerSchema = v.object({
  'tokenizer.ggml.model': v.literal('gpt2', 'only byte-level BPE, "gpt2", is supported'),
  'tokenizer.ggml.pre': v.picklist(
    ['gpt-2', PRE_TOKENIZER],
    "only texts that are cut by GPT-2's pattern are supported, gpt-2",
  ),
  'tokenizer.ggml.tokens': v.array(v.string()),
  'tokenizer.ggml.token_type': v.array(wholeFrom0),
  'tokenizer.ggml.merges': v.array(v.string()),
});

/**
 * The tokenizer of a GGUF file. Where all tokens are characters, or the bytes in order, it is one of these, without the
 * token that `tokenizerMetadata` adds.
 *
 * @throws {NanobardError} code `checkpoint`, naming what is damaged or not supported.
 */
export function readTokenizer(metadata: ReadonlyMap<string, Metadata>): Tokenizer {
  const fields = parsed(TokenizerSchema, Object.fromEntries(metadata), (problem, path) => {
    return damaged(`${path}: ${problem}`);
  });
  const [names, kinds, merges] = [
    fields['tokenizer.ggml.tokens'],
    fields['tokenizer.ggml.token_type'],
    fields['tokenizer.ggml.merges'],
  ];
  if (kinds.length !== names.length) throw damaged(`the ${names.length} tokens have ${kinds.length} kinds`);
  const isOf = (id: number, kind: number): boolean => kinds[id] === kind;
  const special = names.flatMap((name, id) => (isOf(id, tokenKinds.control) ? [[name, id] as const] : []));
  const tokens = names.map((name, id) => (isOf(id, tokenKinds.normal) ? name : ''));
  const own = names.length - 1; // where `tokenizerMetadata` has put its token
  if (special.length === 1 && special[0]![0] === END_OF_TEXT && special[0]![1] === own) {
    const known = withoutEnd(tokens.slice(0, own), merges);
    if (known) return known;
  }
  const ids = new Map(tokens.map((token, id) => [token, id]));
  return new BpeTokenizer({
    tokens,
    special: Object.fromEntries(special),
    merges: merges.map((merge, rank) => {
      const [a, b] = merge.split(' ').map((part) => ids.get(part));
      if (a === undefined || b === undefined) throw damaged(`merge ${rank} is not two tokens`);
      return [a, b];
    }),
  });
}

/** Characters, or the 256 bytes, if that is what the tokens are. */
function withoutEnd(tokens: readonly string[], merges: readonly string[]): Tokenizer | undefined {
  const bytes = tokens.map((token) => fromSymbols(token) ?? '');
  if (
    merges.length === 0 &&
    bytes.length === 256 &&
    bytes.every((byte, id) => byte === String.fromCharCode(id))
  )
    return new ByteTokenizer();
  const characters = bytes.map((binary) => textOf(bytesOfBinary(binary)));
  const distinct = new Set(characters).size === characters.length;
  const whole = bytes.every((binary, id) => {
    const character = characters[id]!;
    return [...character].length === 1 && binaryOf(bytesOfText(character)) === binary;
  });
  const same = whole && distinct && characterMerges(characters).join() === merges.join();
  return same ? CharTokenizer.fromJSON({ type: 'char', characters }) : undefined;
}

const damaged = (problem: string): NanobardError =>
  new NanobardError('checkpoint', `GGUF: ${problem}`, {
    hint: "The file is damaged, or its tokenizer is not supported: byte-level BPE with GPT-2's pattern is.",
  });
