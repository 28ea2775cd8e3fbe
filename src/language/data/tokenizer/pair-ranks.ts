/** What no pair has. */
export const NO_RANK = -1;

/**
 * Which merge joins two tokens: a hash table in three arrays, open addressing with linear probing (Knuth, "The Art of
 * Computer Programming", volume 3, section 6.4). A Map would need one number for both tokens, too large for a small integer of V8's.
 */
export class PairRanks {
  private readonly lefts: Int32Array;
  private readonly rights: Int32Array;
  private readonly ranks: Int32Array;
  private readonly mask: number;

  /** @param pairs the earlier is merged first; of equal ones the first counts */
  constructor(pairs: readonly (readonly [number, number])[]) {
    const size = 2 ** Math.ceil(Math.log2(2 * pairs.length + 2)); // half of it stays free
    this.mask = size - 1;
    this.lefts = new Int32Array(size);
    this.rights = new Int32Array(size);
    this.ranks = new Int32Array(size).fill(NO_RANK);
    for (const [rank, [a, b]] of pairs.entries()) {
      const slot = this.slotOf(a, b);
      if (this.ranks[slot] !== NO_RANK) continue;
      this.lefts[slot] = a;
      this.rights[slot] = b;
      this.ranks[slot] = rank;
    }
  }

  /** `NO_RANK` where nothing joins them. */
  of(a: number, b: number): number {
    return this.ranks[this.slotOf(a, b)]!;
  }

  /** Where the pair is, or would be. */
  private slotOf(a: number, b: number): number {
    const { lefts, rights, ranks, mask } = this;
    let slot = Math.imul(Math.imul(a, 0x9e3779b1) ^ b, 0x85ebca6b);
    slot = (slot ^ (slot >>> 15)) & mask;
    while (ranks[slot] !== NO_RANK && (lefts[slot] !== a || rights[slot] !== b)) slot = (slot + 1) & mask;
    return slot;
  }
}
