// What scripts/fixtures/tokenizer.py has recorded of Hugging Face's tokenizers, and the texts that it was recorded on.
import { readFileSync } from 'node:fs';
import type { NormalForm } from '../language/data/tokenizer/vocabulary.ts';

type Range = [low: number, high: number];
export interface Kind {
  readonly name: string;
  readonly words: number;
  readonly lengths: Range;
  readonly count: number;
  readonly ranges: Range[];
  readonly between: string[];
  readonly seed: number;
  readonly characters: number;
  readonly ids: number;
  readonly merges: [number, number][];
}
interface Fixture {
  readonly kinds: Kind[];
  readonly strings: {
    readonly seed: number;
    readonly count: number;
    readonly chunk: number;
    readonly scripts: Range[];
    readonly gaps: string[];
    readonly merges: [number, number][];
    readonly ids: number[];
  };
  readonly ways: { readonly seed: number; readonly gaps: string[]; readonly all: Way[] };
}

/** A way to cut texts into words, and what became of the strings: of the bytes of their words, and of their ids. */
export interface Way {
  readonly name: string;
  readonly patterns: string[];
  readonly normalizer?: NormalForm;
  readonly merges: [number, number][];
  readonly words: number[];
  readonly ids: number[];
}

export const { kinds, strings, ways }: Fixture = JSON.parse(
  readFileSync(new URL('../language/data/tokenizer/fixtures/huggingface.json', import.meta.url), 'utf8'),
);

/** The generator of Numerical Recipes; its upper 24 bits are used. */
class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor(((this.state >>> 8) * n) / 2 ** 24);
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  text(length: number, [low, high]: Range): string {
    return Array.from({ length }, () => String.fromCodePoint(low + this.below(high - low + 1))).join('');
  }
}

export function textOf({
  seed,
  words: count,
  lengths: [low, high],
  ranges,
  between,
  count: length,
}: Kind): string {
  const random = new Random(seed);
  const words = Array.from({ length: count }, () => {
    const range = random.of(ranges);
    return random.text(low + random.below(high - low + 1), range);
  });
  const pick = (): string => words[Math.min(...[0, 1, 2].map(() => random.below(count)))]!;
  return Array.from({ length }, () => pick() + random.of(between)).join('');
}

export function randomStrings({ seed, gaps }: Pick<Fixture['strings'], 'seed' | 'gaps'> = strings): string[] {
  const { count, scripts } = strings;
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.below(6) }, () => {
      const range = random.of(scripts);
      return random.text(1 + random.below(6), range) + random.of(gaps);
    }).join(''),
  );
}

/** FNV-1a over the ids, each list followed by −1. */
export function fnv(lists: readonly (Int32Array | readonly number[])[]): number {
  let value = 0x811c9dc5;
  for (const ids of lists) {
    for (const id of ids) value = Math.imul(value ^ id, 16777619);
    value = Math.imul(value ^ -1, 16777619);
  }
  return value >>> 0;
}
