import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { parsed, wholeFrom0, wholeNumbers } from '../../fields.ts';
import { damaged, unknownToken } from './errors.ts';
import { Merger } from './merge.ts';
import { Splitter } from './split.ts';
import type { Tokenizer } from './tokenizer.ts';
import { binaryOf, bytesOfBinary, textOf } from './utf8.ts';
import { type BpeParts, createVocabulary, END_OF_TEXT, normalForms, type Vocabulary } from './vocabulary.ts';

const BpeTokenizerSchema = v.object({
  type: v.literal('bpe'),
  merges: v.array(v.tuple([wholeFrom0, wholeFrom0])),
  special: wholeNumbers,
  tokens: v.optional(v.array(v.string())),
  ignoreMerges: v.optional(v.boolean()),
  patterns: v.optional(v.array(v.union([v.string(), v.strictObject({ keep: v.string() })]))),
  normalForm: v.optional(v.picklist(normalForms)),
  normalized: v.optional(v.array(v.string())),
  begin: v.optional(v.string()),
});

export type BpeTokenizerJSON = v.InferOutput<typeof BpeTokenizerSchema>;

const encoder = new TextEncoder();

/** Words up to this length are remembered, in UTF-16 units, and so many of them. */
const [CACHED_LENGTH, CACHED_WORDS] = [48, 2 ** 17];
const SEEN_WORDS = 2 ** 18;

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
  /** Special tokens that are looked for in the text as it is, and in its normal form. */
  private readonly verbatim: RegExp | undefined;
  private readonly normalized: RegExp | undefined;
  private readonly splitter: Splitter;
  /** The bytes of a word. */
  private bytes = new Uint8Array(3 * CACHED_LENGTH);
  private readonly cache = new Map<string, readonly number[]>();
  /** A part of the hash of words that were there before: what is remembered has come twice, in lists of words nothing does. */
  private readonly seen = new Uint8Array(SEEN_WORDS);

  /** Throws NanobardError('checkpoint') for parts that contradict one another. */
  constructor(parts: BpeParts) {
    this.parts = parts;
    this.vocabulary = createVocabulary(parts);
    const { ids } = this.vocabulary;
    this.byteIds = Int32Array.from({ length: 256 }, (_, byte) => ids.get(String.fromCharCode(byte)) ?? -1);
    this.merger = new Merger(this.vocabulary);
    this.endOfText = this.vocabulary.special.get(parts.begin ?? END_OF_TEXT);
    const later = new Set(parts.normalized);
    const names = [...this.vocabulary.special.keys()];
    this.verbatim = anyOf(names.filter((name) => !later.has(name)));
    this.normalized = anyOf(names.filter((name) => later.has(name)));
    this.splitter = new Splitter(parts.patterns);
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

  /** What is not as in GPT-2: see `BpeParts`. */
  get ways(): Pick<BpeParts, 'ignoreMerges' | 'patterns' | 'normalForm' | 'normalized' | 'begin'> {
    const { ignoreMerges, patterns, normalForm, normalized, begin } = this.parts;
    return {
      ...(ignoreMerges && { ignoreMerges }),
      ...(patterns && { patterns }),
      ...(normalForm && { normalForm }),
      ...(normalized && { normalized }),
      ...(begin !== undefined && { begin }),
    };
  }

  /** Special tokens are recognized in the text by their names, as in Hugging Face's tokenizers. */
  encode(text: string): Int32Array {
    const { normalForm } = this.parts;
    const tokens = new TokenList(text.length >> 1);
    const special = (name: string): void => tokens.add([this.vocabulary.special.get(name)!]);
    const word = (word: string): void => tokens.add(this.encodeWord(word));
    const words = (part: string): void => this.splitter.each(part, word);
    eachPart(text, this.verbatim, special, (part) =>
      eachPart(normalForm ? part.normalize(normalForm) : part, this.normalized, special, words),
    );
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
    const { merges, special, tokens } = this.parts;
    const { patterns, normalized, ...ways } = this.ways;
    return {
      ...{ type: 'bpe', merges: merges.map(([a, b]) => [a, b]), special: { ...special } },
      ...(tokens && { tokens: [...tokens] }),
      ...ways,
      ...(patterns && { patterns: [...patterns] }),
      ...(normalized && { normalized: [...normalized] }),
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
    const bytes = this.bytes.subarray(0, written);
    const tokens = this.mergeBytes(bytes);
    if (word.length > CACHED_LENGTH || !this.wasSeen(bytes)) return tokens;
    if (this.cache.size >= CACHED_WORDS) this.cache.clear();
    this.cache.set(copied(word), tokens);
    return tokens;
  }

  /** Whether a word has been here before, or one that looks like it; now it has. */
  private wasSeen(bytes: Uint8Array): boolean {
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 16777619);
    const mark = (hash >>> 24) | 1;
    const slot = hash & (SEEN_WORDS - 1);
    const was = this.seen[slot] === mark;
    this.seen[slot] = mark;
    return was;
  }

  private mergeBytes(bytes: Uint8Array): readonly number[] {
    const { merger, byteIds } = this;
    const whole = this.parts.ignoreMerges ? this.vocabulary.ids.get(binaryOf(bytes)) : undefined;
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

/** An expression for any of these texts, the longest first. */
function anyOf(texts: readonly string[]): RegExp | undefined {
  if (texts.length === 0) return undefined;
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'gu');
}

/** Calls `named` with each name in a text and `between` with what is between them, in order. */
function eachPart(
  text: string,
  names: RegExp | undefined,
  named: (name: string) => void,
  between: (part: string) => void,
): void {
  let from = 0;
  for (const { 0: name, index } of names ? text.matchAll(names) : []) {
    between(text.slice(from, index));
    named(name);
    from = index + name.length;
  }
  between(from === 0 ? text : text.slice(from));
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
