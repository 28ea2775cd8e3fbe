import { BYTE_ORDER, fromSymbols } from './byte-symbols.ts';
import { damaged } from './errors.ts';
import { PairRanks } from './pair-ranks.ts';
import type { Pattern } from './split.ts';
import { binaryOf, bytesOfText } from './utf8.ts';

/** The text of the token that begins each document; GPT-2's. */
export const END_OF_TEXT = '<|endoftext|>';

/** Most bytes of all tokens together: merges that double a token each time would fill any memory. */
const MAX_BYTES = 2 ** 26;

/** Above all ids, so that a pair of ids is one number that is exact. */
const ID_LIMIT = 2 ** 21;

/** A pair of ids as one number; numbers of pairs sort as the pairs do. */
export const pairOf = (a: number, b: number): number => a * ID_LIMIT + b;

/** What a byte-level BPE tokenizer is made of. */
export interface BpeParts {
  /** Pairs of ids; the earlier is merged first. */
  readonly merges: readonly (readonly [number, number])[];
  /** Tokens by their whole text, with their ids: they are taken as one wherever a text has them, and never merged. */
  readonly special: Readonly<Record<string, number>>;
  /**
   * The token of each id in GPT-2's symbols, '' where there is none. By default the bytes in the order of their
   * symbols, then what each merge makes.
   */
  readonly tokens?: readonly string[] | undefined;
  /** Whether a word that is a token as a whole is never put together from parts (as in Llama 3). */
  readonly ignoreMerges?: boolean | undefined;
  /** How a text is cut into words, see `Splitter`: by default by GPT-2's pattern. */
  readonly patterns?: readonly Pattern[] | undefined;
  /** Unicode's normal form that a text is brought into first: none by default. */
  readonly normalForm?: NormalForm | undefined;
  /** Special tokens that are looked for in the text in its normal form, after the others. */
  readonly normalized?: readonly string[] | undefined;
  /** The special token that begins each document: `<|endoftext|>` by default, if there is one. */
  readonly begin?: string | undefined;
}

/** Unicode Standard Annex #15. */
export const normalForms = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;
export type NormalForm = (typeof normalForms)[number];

/** The tables that encoding and decoding look into. Bytes are strings of the characters U+0000 to U+00FF. */
export interface Vocabulary {
  /** The bytes of each id; '' for an id that is not used. */
  readonly tokens: readonly string[];
  /** The id of each token but the special ones. */
  readonly ids: ReadonlyMap<string, number>;
  /** For two ids: which merge it is, and what that makes. */
  readonly ranks: PairRanks;
  readonly merged: Int32Array;
  readonly special: ReadonlyMap<string, number>;
}

/** Throws NanobardError('checkpoint') for parts that contradict one another. */
export function createVocabulary({
  merges,
  special,
  tokens: given,
  normalized,
  begin,
}: BpeParts): Vocabulary {
  const tokens =
    given === undefined ? BYTE_ORDER.map((byte) => String.fromCharCode(byte)) : given.map(binary);
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    if (token === '') continue;
    if (ids.has(token)) throw damaged('two ids are the same token', `tokens.${id}`);
    ids.set(token, id);
  }
  let bytes = tokens.reduce((sum, { length }) => sum + length, 0);
  const merged = new Int32Array(merges.length);
  for (const [rank, [a, b]] of merges.entries()) {
    const [left, right] = [tokens[a] ?? '', tokens[b] ?? ''];
    if (left === '' || right === '') throw damaged('it merges tokens that there are not', `merges.${rank}`);
    bytes += left.length + right.length;
    if (bytes > MAX_BYTES)
      throw damaged(`its tokens are longer than ${MAX_BYTES} bytes in all`, `merges.${rank}`);
    let id = ids.get(left + right);
    if (id === undefined) {
      if (given) throw damaged('what it makes is not in the vocabulary', `merges.${rank}`);
      id = tokens.push(left + right) - 1;
      ids.set(left + right, id);
    }
    merged[rank] = id;
  }
  const furthest = 2 * (tokens.length + Object.keys(special).length); // some ids may be unused
  for (const [text, id] of Object.entries(special)) {
    if (text === '' || (tokens[id] ?? '') !== '')
      throw damaged('its id is that of another token', `special.${text}`);
    if (id >= ID_LIMIT || id > furthest)
      throw damaged(`its id ${id} is beyond the vocabulary`, `special.${text}`);
    while (tokens.length <= id) tokens.push('');
    tokens[id] = binaryOf(bytesOfText(text));
  }
  if (tokens.length >= ID_LIMIT)
    throw damaged(`it has ${tokens.length} tokens, ${ID_LIMIT - 1} at most are read`);
  for (const name of [...(normalized ?? []), ...(begin === undefined ? [] : [begin])])
    if (!Object.hasOwn(special, name)) throw damaged(`${name} is no special token`, 'special');
  return { tokens, ids, ranks: new PairRanks(merges), merged, special: new Map(Object.entries(special)) };
}

function binary(symbols: string, id: number): string {
  const bytes = fromSymbols(symbols);
  if (bytes === undefined) throw damaged("it is not in GPT-2's symbols of bytes", `tokens.${id}`);
  return bytes;
}
