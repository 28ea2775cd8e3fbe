import { Heap } from './heap.ts';
import { NO_RANK } from './pair-ranks.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Positions within a word stay below this. */
const POSITIONS = 2 ** 30;

/** Up to this many tokens, looking at all pairs for the next is quicker than a heap. */
const SHORT = 32;

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
    return n <= SHORT ? this.mergeShort(n) : this.mergeLong(n);
  }

  private mergeShort(n: number): number[] {
    const { tokens, ranks } = this;
    const { merged, ranks: table } = this.vocabulary;
    let length = n;
    for (let i = 0; i + 1 < length; i++) ranks[i] = table.of(tokens[i]!, tokens[i + 1]!);
    for (;;) {
      let best = NO_RANK;
      let at = 0;
      for (let i = 0; i + 1 < length; i++) {
        const rank = ranks[i]!;
        if (rank === NO_RANK || (best !== NO_RANK && rank >= best)) continue;
        best = rank;
        at = i;
      }
      if (best === NO_RANK) break;
      tokens[at] = merged[best]!;
      length--;
      for (let i = at + 1; i < length; i++) {
        tokens[i] = tokens[i + 1]!;
        ranks[i] = ranks[i + 1]!;
      }
      if (at > 0) ranks[at - 1] = table.of(tokens[at - 1]!, tokens[at]!);
      if (at + 1 < length) ranks[at] = table.of(tokens[at]!, tokens[at + 1]!);
    }
    const left: number[] = [];
    for (let i = 0; i < length; i++) left.push(tokens[i]!);
    return left;
  }

  private mergeLong(n: number): number[] {
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
      ranks[gone] = NO_RANK;
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
    const rank = behind < n ? this.vocabulary.ranks.of(tokens[i]!, tokens[behind]!) : NO_RANK;
    ranks[i] = rank;
    if (rank !== NO_RANK) this.pairs.push(rank * POSITIONS + i);
  }
}
