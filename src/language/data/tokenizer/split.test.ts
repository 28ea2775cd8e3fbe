import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fnv, randomStrings, strings, ways } from '../../../testing/huggingface.ts';
import { thrownBy } from '../../../testing/thrown.ts';
import { BpeTokenizer } from './bpe.ts';
import { Splitter } from './split.ts';
import { tokenizerFromJSON } from './tokenizer.ts';
import { bytesOfText } from './utf8.ts';

function wordsOf(splitter: Splitter, text: string): string[] {
  const words: string[] = [];
  splitter.each(text, (word) => words.push(word));
  return words;
}

describe("Rust's tokenizers and Oniguruma cut 10,000 strings of all scripts alike", () => {
  const all = randomStrings(ways);
  const chunks = <T>(each: (text: string) => T): T[][] =>
    Array.from({ length: strings.count / strings.chunk }, (_, i) =>
      all.slice(i * strings.chunk, (i + 1) * strings.chunk).map(each),
    );

  it.each(ways.all)('by the pattern of $name', ({ patterns, normalizer, merges, words, ids }) => {
    const splitter = new Splitter(patterns);
    const cut = chunks((text) => {
      const sizes: number[] = [];
      splitter.each(normalizer ? text.normalize(normalizer) : text, (word) =>
        sizes.push(bytesOfText(word).length),
      );
      return sizes;
    });
    expect(cut.map(fnv)).toEqual(words);
    const parts = { merges, special: {}, patterns, normalForm: normalizer };
    const tokenizer = tokenizerFromJSON(JSON.parse(JSON.stringify(new BpeTokenizer(parts))));
    expect(chunks((text) => tokenizer.encode(text)).map(fnv)).toEqual(ids);
  });
});

describe('Splitter', () => {
  it('loses nothing, whatever it cuts by', () => {
    const splitters = fc.constantFrom(
      new Splitter(),
      ...ways.all.map(({ patterns }) => new Splitter(patterns)),
    );
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(' ', '\n', "'s", '7', 'a'), fc.string({ unit: 'binary' })),
    });
    fc.assert(
      fc.property(splitters, text, (splitter, written) => {
        const words = wordsOf(splitter, written);
        expect(words.join('')).toBe(written);
        expect(words).not.toContain('');
      }),
    );
  });

  it('gives words of what matches and of what lies between, each pattern within the words of the last', () => {
    expect(wordsOf(new Splitter(['b+', '[ac]']), 'aabbcd')).toEqual(['a', 'a', 'bb', 'c', 'd']);
    expect(wordsOf(new Splitter(['(?=b)']), 'abab🎭b')).toEqual(['a', 'ba', 'b🎭', 'b']);
    expect(wordsOf(new Splitter([]), 'one word')).toEqual(['one word']);
    expect(wordsOf(new Splitter([{ keep: '[ab]+' }, 'b']), 'cabbcca c')).toEqual(['a', 'b', 'b', 'a']);
  });

  it('takes time that grows with the text alone', () => {
    const begin = performance.now();
    for (const { patterns } of ways.all.filter(({ name }) => name !== 'digits from the right')) // there it is the square
      wordsOf(
        new Splitter(patterns),
        `${'a'.repeat(1e5)}${' '.repeat(1e4)}${'7'.repeat(1e4)}${'!'.repeat(1e5)}`,
      );
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it.each([
    ['\\b', '\\b'],
    ['\\A', '\\A'],
    ['(a)\\1', '\\1'],
    ['\\p{Latinish}', '\\p{Latinish}'],
    ['[[:alpha:]]', '[:…:]'],
    ['(?x: a)', '(?x:'],
    ['(?i:straße)', 'without case'],
    ['(?i:ss)', 'without case'],
    ['a(?i)b', '(?i'],
    ['(a+)+b', 'a repetition within a repetition'],
    ['(?:a{50}){50}', 'a repetition within a repetition'],
    ['a**', 'a repetition of a repetition'],
    ['a{2,3}+', 'a repetition of a repetition'],
    ['a{1,100000}', 'the repetition {1,100000}'],
    ['*a', 'a repetition of nothing'],
    ['^+', 'a repetition of a place'],
    ['(?=a)*', 'a repetition of a place'],
    ['(a', "'(' without ')'"],
    ['a)', "')' without '('"],
    ['[a', "'[' without ']'"],
    ['[a-\\d]', "'-' beside a class"],
    ['[z-a]', 'ends before it begins'],
    ['[a&&]', 'an intersection with nothing'],
    ['\\x{110000}', '\\x'],
    ['a\\', '\\'],
    [`${'('.repeat(30)}${')'.repeat(30)}`, 'groups within'],
    ['a'.repeat(20_000), 'longer than'],
  ])('refuses %s', (pattern, part) => {
    const error = thrownBy(() => new Splitter([pattern]));
    expect(error.code).toBe('checkpoint');
    expect(error.message).toContain(part);
  });
});
