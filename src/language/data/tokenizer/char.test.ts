import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lecture } from '../../../testing/lecture.ts';
import { thrownBy } from '../../../testing/thrown.ts';
import { CharTokenizer } from './char.ts';
import { tokenizerFromJSON } from './tokenizer.ts';

describe('CharTokenizer', () => {
  it('sorts the characters of a text by code point', () => {
    const { characters, vocabSize } = CharTokenizer.fromText('永b\u{1f3ad}aA\n\uffeeab');
    // UTF-16 order would put the emoji, a surrogate pair, before U+FFEE.
    expect(characters).toEqual(['\n', 'A', 'a', 'b', '永', '\uffee', '\u{1f3ad}']);
    expect(vocabSize).toBe(7);
  });

  it('takes Chinese characters and emoji as one token each', () => {
    const text = '永遠🎭和🎭!';
    const tokenizer = CharTokenizer.fromText(text);
    const tokens = tokenizer.encode(text);
    expect([...tokens]).toEqual([2, 3, 4, 1, 4, 0]);
    expect(tokenizer.decode(tokens)).toBe(text);
  });

  it('gives back every text that it encodes, and the ids stay in the vocabulary', () => {
    const anyText = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        const tokenizer = CharTokenizer.fromText(a + b);
        const tokens = tokenizer.encode(b);
        expect(tokens.length).toBe([...b].length);
        expect(tokens.every((token) => token >= 0 && token < tokenizer.vocabSize)).toBe(true);
        expect(tokenizer.decode(tokens)).toBe(b);
      }),
    );
  });

  it('survives a lone surrogate', () => {
    const text = 'a\ud83c b\udfad';
    const tokenizer = tokenizerFromJSON(JSON.parse(JSON.stringify(CharTokenizer.fromText(text))));
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('names each unknown character once', () => {
    const tokenizer = CharTokenizer.fromText('abc ');
    const error = thrownBy(() => tokenizer.encode('café\r 🎭é\u200b'));
    expect(error.code).toBe('vocabulary');
    expect(error.message).toBe(
      "These characters are not in the vocabulary: 'f' (U+0066), 'é' (U+00E9), '\\r' (U+000D), " +
        "'🎭' (U+1F3AD), U+200B",
    );
    expect(error.hint).toContain('4 characters');
  });

  it('names at most ten unknown characters', () => {
    const error = thrownBy(() => CharTokenizer.fromText('.').encode('abcdefghijklm'));
    expect(error.message).toContain("'j' (U+006A) and 3 more");
    expect(error.message).not.toContain("'k'");
  });

  it('refuses ids outside the vocabulary', () => {
    const tokenizer = CharTokenizer.fromText('ab');
    for (const token of [2, -1, 0.5]) {
      const error = thrownBy(() => tokenizer.decode([0, 1, token]));
      expect(error.code).toBe('vocabulary');
      expect(error.message).toBe(`Token ${token} at position 2 is not in the vocabulary (0 to 1)`);
    }
  });

  it('has no vocabulary for an empty text', () => {
    expect(thrownBy(() => CharTokenizer.fromText('')).code).toBe('vocabulary');
    expect(CharTokenizer.fromText('a').encode('')).toEqual(new Int32Array(0));
    expect(CharTokenizer.fromText('a').decode([])).toBe('');
  });

  it('encodes 1.1 million characters without taking longer for each', () => {
    const text = 'To sleep, perchance 永🎭\n'.repeat(50_000);
    const tokenizer = CharTokenizer.fromText(text);
    tokenizer.encode(text);
    const start = performance.now();
    const tokens = tokenizer.encode(text);
    // Some 5 ms. A second on a busy machine still tells a table from a search through the vocabulary.
    expect(performance.now() - start).toBeLessThan(1000);
    expect(tokens.length).toBe(23 * 50_000);
  });

  it("agrees with the lecture's numbers", () => {
    const shuffled = [...lecture.vocabulary].reverse().join('').repeat(2);
    const tokenizer = CharTokenizer.fromText(shuffled);
    expect(tokenizer.vocabSize).toBe(65);
    expect(tokenizer.characters.join('')).toBe(lecture.vocabulary);
    expect(tokenizer.characters.join('')).toBe(
      "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    );
    expect([...tokenizer.encode('hii there')]).toEqual([46, 47, 47, 1, 58, 46, 43, 56, 43]);
  });
});

describe('tokenizerFromJSON', () => {
  it('rebuilds a tokenizer from its JSON', () => {
    const tokenizer = CharTokenizer.fromText('永遠\n🎭"');
    const again = tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));
    expect(again).toBeInstanceOf(CharTokenizer);
    expect(again.toJSON()).toEqual(tokenizer.toJSON());
    expect(again.encode('🎭永')).toEqual(tokenizer.encode('🎭永'));
  });

  it.each([
    ['null', null, 'Not a tokenizer'],
    ['no type', { characters: ['a'] }, 'type'],
    ['another type', { type: 'words' }, "Unknown tokenizer type 'words'"],
    ['no characters', { type: 'char' }, 'characters'],
    ['an empty vocabulary', { type: 'char', characters: [] }, 'empty'],
    ['an entry of two characters', { type: 'char', characters: ['a', 'bc'] }, 'characters.1'],
    ['an empty entry', { type: 'char', characters: [''] }, 'characters.0'],
    ['an entry that is no text', { type: 'char', characters: ['a', 7] }, 'characters.1'],
    ['a character twice', { type: 'char', characters: ['a', 'b', 'a'] }, 'twice'],
  ])('refuses %s', (_, value, part) => {
    const error = thrownBy(() => tokenizerFromJSON(value));
    expect(error.code).toBe('checkpoint');
    expect(error.message).toContain(part);
    expect(error.hint).toBeDefined();
  });
});
