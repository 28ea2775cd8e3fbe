import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BpeTokenizer } from './bpe.ts';

/** As the method is told: of all pairs the one of the lowest rank, the leftmost, again and again. */
function merged(
  word: readonly number[],
  merges: readonly (readonly [number, number])[],
  made: readonly number[],
): number[] {
  const tokens = [...word];
  for (;;) {
    const ranks = tokens.slice(1).map((b, i) => merges.findIndex(([x, y]) => x === tokens[i] && y === b));
    const known = ranks.filter((rank) => rank >= 0);
    if (known.length === 0) return tokens;
    const rank = Math.min(...known);
    tokens.splice(ranks.indexOf(rank), 2, made[rank]!);
  }
}

it('merges short words and long ones as the method is told, however often they come', () => {
  const [a, b, c] = [64, 65, 66];
  const letters = fc.constantFrom(a, b, c);
  const choice = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 12 });
  fc.assert(
    fc.property(choice, fc.array(letters, { minLength: 1, maxLength: 80 }), (pairs, word) => {
      const merges: [number, number][] = [];
      const made: number[] = [];
      const texts = new Map([
        [a, 'a'],
        [b, 'b'],
        [c, 'c'],
      ]);
      for (const [x, y] of pairs) {
        const ids = [...texts.keys()];
        const [left, right] = [ids[x % ids.length]!, ids[y % ids.length]!];
        const text = texts.get(left)! + texts.get(right)!;
        const id = [...texts].find(([, known]) => known === text)?.[0] ?? 253 + texts.size;
        texts.set(id, text);
        merges.push([left, right]);
        made.push(id);
      }
      const tokenizer = new BpeTokenizer({ merges, special: {} });
      const text = word.map((id) => texts.get(id)).join('');
      for (let i = 0; i < 3; i++) expect([...tokenizer.encode(text)]).toEqual(merged(word, merges, made));
    }),
  );
});
