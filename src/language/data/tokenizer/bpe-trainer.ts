import { checkOptions, whole } from '../../options.ts';
import { BpeTokenizer } from './bpe.ts';
import { BYTE_ORDER } from './byte-symbols.ts';
import { Heap } from './heap.ts';
import { Splitter } from './split.ts';
import { bytesOfText } from './utf8.ts';
import { END_OF_TEXT, pairOf } from './vocabulary.ts';

export interface BpeTrainingOptions {
  /** Tokens in all: 256 bytes, merges, and `<|endoftext|>` as the last. Fewer if no pair of tokens occurs twice any more. */
  readonly vocabSize: number;
}

/** Pairs that occur more seldom are not worth a token. */
const MIN_COUNT = 2;

/** The id of each byte. */
const idOfByte = Int32Array.from({ length: 256 }, (_, byte) => BYTE_ORDER.indexOf(byte));

type Pair = { readonly a: number; readonly b: number; count: number; places: number[] };

/**
 * Learns a byte-level BPE tokenizer from documents: the pair of tokens that occurs most often in their words becomes a
 * token, again and again; of several that occur equally often the one with the lowest ids. The merges are those of
 * Hugging Face's `BpeTrainer` with the alphabet of all bytes and a least frequency of 2.
 *
 * @throws {NanobardError} code `argument` for a vocabulary of less than 257 tokens.
 */
export function trainBpe(documents: Iterable<string>, options: BpeTrainingOptions): BpeTokenizer {
  checkOptions('trainBpe', options, { vocabSize: whole(257) }, ['vocabSize']);
  const words = new Words(countWords(documents));
  const heap = new Heap<{ count: number; pair: Pair }>(
    (x, y) =>
      x.count > y.count ||
      (x.count === y.count && (x.pair.a < y.pair.a || (x.pair.a === y.pair.a && x.pair.b < y.pair.b))),
  );
  const offer = (pair: Pair): void => heap.push({ count: pair.count, pair });
  for (const pair of words.pairs.values()) offer(pair);
  const merges: [number, number][] = [];
  const ids = new Map<string, number>(); // two ways to the same bytes are one token
  const texts = BYTE_ORDER.map((byte) => String.fromCharCode(byte));
  while (texts.length + 1 < options.vocabSize) {
    const top = heap.pop();
    if (top === undefined || top.count < MIN_COUNT) break;
    if (top.count !== top.pair.count) {
      if (top.count > top.pair.count) offer(top.pair); // merges have taken some away
      continue;
    }
    const { a, b } = top.pair;
    const text = texts[a]! + texts[b]!;
    const id = ids.get(text) ?? texts.push(text) - 1;
    ids.set(text, id);
    merges.push([a, b]);
    words.merge(top.pair, id).forEach(offer);
  }
  return new BpeTokenizer({ merges, special: { [END_OF_TEXT]: texts.length } });
}

function countWords(documents: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  const splitter = new Splitter();
  const count = (word: string): void => void counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const document of documents)
    for (const part of document.split(END_OF_TEXT)) splitter.each(part, count);
  return counts;
}

/** The different words of the documents as linked lists of tokens, all in one, and where each pair of neighbours stands. */
class Words {
  readonly pairs = new Map<number, Pair>();
  /** The token at each place; −1 where it has been merged into the one before, and at the end of a word. */
  private readonly tokens: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** How often the word at each place occurs. */
  private readonly counts: Float64Array;

  constructor(counts: ReadonlyMap<string, number>) {
    const encoded = Array.from(counts, ([word, count]) => ({ bytes: bytesOfText(word), count }));
    const length = encoded.reduce((sum, { bytes }) => sum + bytes.length + 1, 1);
    this.tokens = new Int32Array(length).fill(-1);
    this.next = this.tokens.map((_, i) => i + 1);
    this.previous = this.tokens.map((_, i) => i - 1);
    this.counts = new Float64Array(length);
    let at = 1; // each word has an end before it and behind it
    for (const { bytes, count } of encoded) {
      for (const [i, byte] of bytes.entries()) {
        this.tokens[at] = idOfByte[byte]!;
        this.counts[at] = count;
        if (i > 0) this.change(at - 1, count);
        at++;
      }
      at++;
    }
  }

  /** Makes one token `id` of each occurrence of a pair; returns the pairs that have become more frequent. */
  merge(merged: Pair, id: number): Set<Pair> {
    const { tokens, next, previous, counts } = this;
    const { a, b, places } = merged;
    const grown = new Set<Pair>();
    for (const i of a === b ? places.sort((x, y) => x - y) : places) {
      const j = next[i]!;
      if (tokens[i] !== a || tokens[j] !== b) continue; // it has changed since
      const [before, after] = [previous[i]!, next[j]!];
      const count = counts[i]!;
      if (tokens[before]! >= 0) this.change(before, -count);
      if (tokens[after]! >= 0) this.change(j, -count);
      tokens[i] = id;
      tokens[j] = -1;
      next[i] = after;
      previous[after] = i;
      if (tokens[before]! >= 0) grown.add(this.change(before, count));
      if (tokens[after]! >= 0) grown.add(this.change(i, count));
    }
    merged.count = 0;
    merged.places = [];
    return grown;
  }

  /** The pair at a place and its neighbour becomes more frequent or, with a negative count, less. */
  private change(place: number, count: number): Pair {
    const [a, b] = [this.tokens[place]!, this.tokens[this.next[place]!]!];
    const key = pairOf(a, b);
    let pair = this.pairs.get(key);
    if (!pair) {
      pair = { a, b, count: 0, places: [] };
      this.pairs.set(key, pair);
    }
    pair.count += count;
    if (count > 0) pair.places.push(place);
    return pair;
  }
}
