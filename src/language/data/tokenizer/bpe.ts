import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { parsed, wholeFrom0, wholeNumbers } from '../../fields.ts';
import { damaged, unknownToken } from './errors.ts';
import { Merger } from './merge.ts';
import { eachWord } from './split.ts';
import type { Tokenizer } from './tokenizer.ts';
import { binaryOf, bytesOfBinary, textOf } from './utf8.ts';
import { type BpeParts, createVocabulary, END_OF_TEXT, type Vocabulary } from './vocabulary.ts';

const BpeTokenizerSchema = v.object({
  type: v.literal('bpe'),
  merges: v.array(v.tuple([wholeFrom0, wholeFrom0])),
  special: wholeNumbers,
  tokens: v.optional(v.array(v.string())),
  ignoreMerges: v.optional(v.boolean()),
});

export type BpeTokenizerJSON = v.InferOutput<typeof BpeTokenizerSchema>;

const encoder = new TextEncoder();

/** Words up to this length are remembered, in UTF-16 units, and so many of them. */
const [CACHED_LENGTH, CACHED_WORDS] = [48, 2 ** 17];

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
  /** The token of each byte, −1 where it has none. */
  private readonly byteIds: Int32Array;
  private readonly merger: Merger;
  private readonly specials: RegExp | undefined;
  /** The bytes of a word. */
  private bytes = new Uint8Array(3 * CACHED_LENGTH);
  private readonly cache = new Map<string, readonly number[]>();

  /** Throws NanobardError('checkpoint') for parts that contradict one another. */
  constructor(parts: BpeParts) {
    this.parts = parts;
    this.vocabulary = createVocabulary(parts);
    const { ids } = this.vocabulary;
    this.byteIds = Int32Array.from({ length: 256 }, (_, byte) => ids.get(String.fromCharCode(byte)) ?? -1);
    this.merger = new Merger(this.vocabulary);
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
    if (this.bytes.length < 3 * word.length) this.bytes = new Uint8Array(6 * word.length);
    const { written } = encoder.encodeInto(word, this.bytes);
    const tokens = this.mergeBytes(this.bytes.subarray(0, written));
    if (word.length > CACHED_LENGTH) return tokens;
    if (this.cache.size >= CACHED_WORDS) this.cache.clear();
    this.cache.set(copied(word), tokens);
    return tokens;
  }

  private mergeBytes(bytes: Uint8Array): readonly number[] {
    const { merger, byteIds } = this;
    const whole = this.ignoreMerges ? this.vocabulary.ids.get(binaryOf(bytes)) : undefined;
    if (whole !== undefined) return [whole];
    merger.reserve(bytes.length);
    for (let i = 0; i < bytes.length; i++) {
      const id = byteIds[bytes[i]!]!;
      merger.tokens[i] = id < 0 ? this.unknown(bytes, i) : id;
    }
    return merger.merge(bytes.length);
  }

  private unknown(bytes: Uint8Array, position: number): never {
    const byte = bytes[position]!.toString(16).toUpperCase().padStart(2, '0');
    const word = JSON.stringify(textOf(bytes.subarray(0, 40)));
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
