import { Heap } from './heap.ts';
import { pairOf, type Vocabulary } from './vocabulary.ts';

/** Positions within a word stay below this. */
const POSITIONS = 2 ** 30;

/** What is no pair, and no rank of one. */
const NONE = -1;

/** Merges the tokens of words, one word at a time, in memory that all share. */
export class Merger {
  /** The tokens of the word, to be filled in. */
  tokens = new Int32Array(0);
  private next = new Int32Array(0);
  private previous = new Int32Array(0);
  /** The rank of the pair that begins at each token. */
  private ranks = new Int32Array(0);
  private readonly vocabulary: Vocabulary;
  /** Rank and position in one number. */
  private readonly pairs = new Heap<number>((a, b) => a < b);

  constructor(vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** Makes room for a word of n bytes. */
  reserve(n: number): void {
    if (n <= this.tokens.length) return;
    this.tokens = new Int32Array(2 * n);
    this.next = new Int32Array(2 * n);
    this.previous = new Int32Array(2 * n);
    this.ranks = new Int32Array(2 * n);
  }

  /** What becomes of the first n tokens: the pair of the lowest rank, the leftmost of its kind, is merged until there is none. */
  merge(n: number): number[] {
    const { tokens, next, previous, ranks, pairs } = this;
    const { merged } = this.vocabulary;
    for (let i = 0; i < n; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (let i = 0; i < n; i++) this.offer(i, n);
    for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
      const rank = Math.floor(pair / POSITIONS);
      const i = pair - rank * POSITIONS;
      if (ranks[i] !== rank) continue; // it has changed since
      const gone = next[i]!;
      const after = next[gone]!;
      tokens[i] = merged[rank]!;
      ranks[gone] = NONE;
      next[i] = after;
      if (after < n) previous[after] = i;
      if (i > 0) this.offer(previous[i]!, n);
      this.offer(i, n);
    }
    const left: number[] = [];
    for (let i = 0; i < n; i = next[i]!) left.push(tokens[i]!);
    return left;
  }

  /** Notes which merge joins the token at i and the one behind it. */
  private offer(i: number, n: number): void {
    const { tokens, next, ranks } = this;
    const behind = next[i]!;
    const pair = behind < n ? pairOf(tokens[i]!, tokens[behind]!) : NONE;
    const rank = this.vocabulary.ranks.get(pair) ?? NONE;
    ranks[i] = rank;
    if (rank !== NONE) this.pairs.push(rank * POSITIONS + i);
  }
}
