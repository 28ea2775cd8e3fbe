import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plays } from './plays.ts';

const text = plays({ characters: 300_000, seed: 1 });

describe('plays', () => {
  it('has exactly the length that was asked for, in ASCII', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer(), (characters, seed) => {
        const made = plays({ characters, seed });
        expect(made.length).toBe(characters);
        expect(made).toMatch(/^[\n -~]*$/);
      }),
      { numRuns: 20 },
    );
  });

  it('is the same text everywhere and for ever', () => {
    const hash = createHash('sha256').update(text).digest('hex');
    expect(hash).toBe('3d6b9138ecac7027c9bd3c45bf3967188853b3fa5644b23ea43518eaceacabe7');
  });

  it('continues a shorter text of the same seed, and differs with the seed', () => {
    expect(text.startsWith(plays({ characters: 1234, seed: 1 }))).toBe(true);
    expect(plays({ characters: 1234, seed: 2 })).not.toBe(text.slice(0, 1234));
  });

  it('looks like a play: headings, and speeches under the name of a speaker', () => {
    const blocks = text.split('\n\n').slice(0, -1);
    for (const block of blocks) {
      expect(block).toMatch(
        /^(THE [A-Z]+ OF [A-Z]+|ACT [IV]+\. SCENE [IV]+\. The [a-z]+ of [A-Z][a-z]+\.|[A-Z][A-Za-z ]+:\n[\s\S]+[.!?])$/,
      );
    }
    const speeches = blocks.filter((block) => block.includes(':\n'));
    expect(speeches.length / blocks.length).toBeGreaterThan(0.9);
    expect(new Set(speeches.map((speech) => speech.split(':')[0])).size).toBeGreaterThan(40);
  });

  it('is written in lines of like length that begin with a capital', () => {
    const lines = text
      .split('\n')
      .filter((line) => line !== '' && !line.endsWith(':') && !/^(THE|ACT) /.test(line));
    expect(lines.every((line) => /^[A-Z]/.test(line) && line.length <= 75)).toBe(true);
    const long = lines.filter((line) => line.length >= 30);
    expect(long.length / lines.length).toBeGreaterThan(0.8);
  });

  it('has the vocabulary of a language: thousands of words of very unequal frequency', () => {
    const counts = new Map<string, number>();
    const words = plays({ characters: 1_000_000, seed: 7 })
      .toLowerCase()
      .match(/[a-z'-]+/g)!;
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    expect(counts.size).toBeGreaterThan(3000);
    const frequencies = [...counts.values()].sort((a, b) => b - a);
    const common = frequencies.slice(0, 100).reduce((sum, count) => sum + count, 0);
    expect(common / words.length).toBeGreaterThan(0.4);
  });

  it('writes "an" before a vowel, and only there', () => {
    expect(text).not.toMatch(/\ba\s+[aeiou]/i);
    expect(text).not.toMatch(/\ban\s+(?!hour|honest)[^aeiou]/i);
    expect(text).toMatch(/\ban\s+[aeiou]/i);
  });

  it('refuses a length or a seed that is not a whole number', () => {
    for (const [characters, seed] of [
      [-1, 1],
      [1.5, 1],
      [Number.NaN, 1],
      [10, 0.5],
    ] as const) {
      expect(() => plays({ characters, seed })).toThrow(expect.objectContaining({ code: 'argument' }));
    }
  });
});
