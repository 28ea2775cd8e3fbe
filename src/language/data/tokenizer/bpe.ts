import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { parsed, wholeFrom0, wholeNumbers } from '../../fields.ts';
import { damaged, unknownToken } from './errors.ts';
import { Heap } from './heap.ts';
import { eachWord } from './split.ts';
import type { Tokenizer } from './tokenizer.ts';
import { binaryOf, bytesOfBinary, bytesOfText, textOf } from './utf8.ts';
import { type BpeParts, createVocabulary, END_OF_TEXT, pairOf, type Vocabulary } from './vocabulary.ts';

const BpeTokenizerSchema = v.object({
  type: v.literal('bpe'),
  merges: v.array(v.tuple([wholeFrom0, wholeFrom0])),
  special: wholeNumbers,
  tokens: v.optional(v.array(v.string())),
  ignoreMerges: v.optional(v.boolean()),
});

export type BpeTokenizerJSON = v.InferOutput<typeof BpeTokenizerSchema>;

/** Words up to this length are remembered, in UTF-16 units, and so many of them. */
const [CACHED_LENGTH, CACHED_WORDS] = [48, 2 ** 17];

/** Positions within a word stay below this. */
const POSITIONS = 2 ** 30;

/**
 * Byte-level byte-pair encoding as GPT-2 has it: a text is cut into words, the UTF-8 bytes of a word are merged pair by
 * pair, and so every text can be expressed (Radford et al., "Language Models are Unsupervised Multitask Learners",
 * 2019, section 2.2; Sennrich et al., https://arxiv.org/abs/1508.07909). Lone surrogates, which UTF-8 has no bytes for,
 * become U+FFFD.
 */
export class BpeTokenizer implements Tokenizer {
  readonly endOfText: number | undefined;
  private readonly parts: BpeParts;
  private readonly vocabulary: Vocabulary;
  private readonly specials: RegExp | undefined;
  private readonly cache = new Map<string, readonly number[]>();

  /** Throws NanobardError('checkpoint') for parts that contradict one another. */
  constructor(parts: BpeParts) {
    this.parts = parts;
    this.vocabulary = createVocabulary(parts);
    this.endOfText = this.vocabulary.special.get(END_OF_TEXT);
    const longestFirst = [...this.vocabulary.special.keys()].sort((a, b) => b.length - a.length);
    const escaped = longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    this.specials = escaped.length > 0 ? new RegExp(escaped.join('|'), 'gu') : undefined;
  }

  /** Throws NanobardError('checkpoint') when `value` is not what `toJSON` returns. */
  static fromJSON(value: unknown): BpeTokenizer {
    const { type: _, ...parts } = parsed(BpeTokenizerSchema, value, damaged);
    return new BpeTokenizer(parts);
  }

  get vocabSize(): number {
    return this.vocabulary.tokens.length;
  }

  /** Pairs of ids, in the order in which they are merged. */
  get merges(): BpeParts['merges'] {
    return this.parts.merges;
  }

  /** Tokens that are taken whole and never merged, with their ids. */
  get special(): ReadonlyMap<string, number> {
    return this.vocabulary.special;
  }

  /** Whether a word that is a token as a whole is never put together from parts. */
  get ignoreMerges(): boolean {
    return this.parts.ignoreMerges ?? false;
  }

  /** Special tokens are recognized in the text by their names, as in Hugging Face's tokenizers. */
  encode(text: string): Int32Array {
    const tokens = new TokenList(text.length >> 1);
    const word = (word: string): void => tokens.add(this.encodeWord(word));
    let from = 0;
    if (this.specials) {
      for (const { 0: name, index } of text.matchAll(this.specials)) {
        eachWord(text.slice(from, index), word);
        tokens.add([this.vocabulary.special.get(name)!]);
        from = index + name.length;
      }
    }
    eachWord(from === 0 ? text : text.slice(from), word);
    return tokens.all();
  }

  decode(tokens: ArrayLike<number>): string {
    let binary = '';
    for (let i = 0; i < tokens.length; i++) binary += this.binaryOf(tokens[i]!, i);
    return textOf(bytesOfBinary(binary));
  }

  bytesOf(token: number): Uint8Array {
    return bytesOfBinary(this.binaryOf(token, 0));
  }

  toJSON(): BpeTokenizerJSON {
    const { merges, special, tokens, ignoreMerges } = this.parts;
    return {
      ...{ type: 'bpe', merges: merges.map(([a, b]) => [a, b]), special: { ...special } },
      ...(tokens && { tokens: [...tokens] }),
      ...(ignoreMerges && { ignoreMerges }),
    };
  }

  private binaryOf(token: number, position: number): string {
    const binary = this.vocabulary.tokens[token];
    if (binary === undefined) throw unknownToken(token, position, this.vocabSize);
    return binary;
  }

  private encodeWord(word: string): readonly number[] {
    const known = this.cache.get(word);
    if (known) return known;
    const tokens = this.mergeBytes(binaryOf(bytesOfText(word)));
    if (word.length > CACHED_LENGTH) return tokens;
    if (this.cache.size >= CACHED_WORDS) this.cache.clear();
    this.cache.set(copied(word), tokens);
    return tokens;
  }

  /** Merges the pair of the lowest rank, the leftmost of its kind first, until there is none. */
  private mergeBytes(bytes: string): number[] {
    const { ids, ranks, merged } = this.vocabulary;
    const whole = this.parts.ignoreMerges ? ids.get(bytes) : undefined;
    if (whole !== undefined) return [whole];
    const n = bytes.length;
    const symbols = new Int32Array(n);
    for (let i = 0; i < n; i++) symbols[i] = ids.get(bytes[i]!) ?? this.unknown(bytes, i);
    if (n === 1) return [symbols[0]!];
    // A linked list of what is not yet merged away; a symbol of −1 is.
    const next = Int32Array.from(symbols, (_, i) => i + 1);
    const previous = Int32Array.from(symbols, (_, i) => i - 1);
    const pairs = new Heap<number>((a, b) => a < b); // rank and position in one number
    const rankAt = (i: number): number | undefined =>
      next[i]! < n ? ranks.get(pairOf(symbols[i]!, symbols[next[i]!]!)) : undefined;
    const offer = (i: number): void => {
      const rank = rankAt(i);
      if (rank !== undefined) pairs.push(rank * POSITIONS + i);
    };
    for (let i = 0; i < n - 1; i++) offer(i);
    for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
      const rank = Math.floor(pair / POSITIONS);
      const i = pair % POSITIONS;
      if (symbols[i]! < 0 || rankAt(i) !== rank) continue; // it has changed since
      const gone = next[i]!;
      symbols[i] = merged[rank]!;
      symbols[gone] = -1;
      next[i] = next[gone]!;
      if (next[i]! < n) previous[next[i]!] = i;
      if (previous[i]! >= 0) offer(previous[i]!);
      offer(i);
    }
    return Array.from(symbols.filter((symbol) => symbol >= 0));
  }

  private unknown(bytes: string, position: number): never {
    const byte = bytes.charCodeAt(position).toString(16).toUpperCase().padStart(2, '0');
    const word = JSON.stringify(textOf(bytesOfBinary(bytes.slice(0, 40))));
    throw new NanobardError('vocabulary', `the vocabulary has no token for the byte 0x${byte} in ${word}`, {
      hint: 'Leave the character out, or use a tokenizer that has all 256 bytes.',
    });
  }
}

/** Tokens that become more. */
class TokenList {
  private tokens: Int32Array;
  private length = 0;

  constructor(capacity: number) {
    this.tokens = new Int32Array(capacity);
  }

  add(more: readonly number[]): void {
    if (this.length + more.length > this.tokens.length) {
      const larger = new Int32Array(2 * this.tokens.length + more.length);
      larger.set(this.tokens);
      this.tokens = larger;
    }
    for (const token of more) this.tokens[this.length++] = token;
  }

  all(): Int32Array {
    return this.tokens.slice(0, this.length);
  }
}

/** A word by itself: a slice of a text would keep the whole text in memory for as long as it is remembered. */
function copied(word: string): string {
  return `-${word}`.slice(1);
}
