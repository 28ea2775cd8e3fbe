import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fnv, kinds, randomStrings, strings, textOf } from '../../../testing/huggingface.ts';
import { thrownBy } from '../../../testing/thrown.ts';
import { BpeTokenizer } from './bpe.ts';
import { trainBpe } from './bpe-trainer.ts';
import { ByteTokenizer } from './bytes.ts';
import { type Tokenizer, tokenizerFromJSON } from './tokenizer.ts';
import { bytesOfText, textOf as textOfBytes } from './utf8.ts';

const again = (tokenizer: Tokenizer): Tokenizer => tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));

const small = trainBpe(['the cat that sat there, 永永永 🎭🎭 the  the\n\nthe'], { vocabSize: 280 });
const tokenizers: [string, Tokenizer][] = [
  ['bytes', new ByteTokenizer()],
  ['BPE', small],
];

describe('trainBpe', () => {
  it.each(kinds)("learns what Hugging Face's trainer learns from $name", (kind) => {
    const text = textOf(kind);
    expect([...text].length).toBe(kind.characters); // the text that was recorded
    const tokenizer = trainBpe([text], { vocabSize: 257 + kind.merges.length });
    expect(tokenizer.merges).toEqual(kind.merges);
    expect(fnv([tokenizer.encode(text)])).toBe(kind.ids);
  });

  it('merges by hand: the most frequent pair first, of equals that of the lowest ids', () => {
    // Words 'abab' and 'ab': ab three times, ba once; then nothing but 'ab ab' is there twice.
    const { merges, special, vocabSize } = trainBpe(['abab', 'ab'], { vocabSize: 300 });
    const [a, b] = ['a', 'b'].map((text) => new BpeTokenizer({ merges: [], special: {} }).encode(text)[0]!);
    expect(merges).toEqual([[a, b]]);
    expect([[...special], vocabSize]).toEqual([[['<|endoftext|>', 257]], 258]);
    expect(trainBpe(['ab', 'cd', 'ab', 'cd'], { vocabSize: 258 }).merges).toEqual([[a, b]]);
    expect(trainBpe(['aaaa'], { vocabSize: 300 }).merges).toEqual([[a, a]]); // aa aa: once only
  });

  it('keeps documents and what separates them apart', () => {
    const documents = ['one two', 'one two'];
    expect(trainBpe([documents.join('<|endoftext|>')], { vocabSize: 280 }).merges).toEqual(
      trainBpe(documents, { vocabSize: 280 }).merges,
    );
    expect(trainBpe([], { vocabSize: 280 }).vocabSize).toBe(257);
  });

  it.each([256, 1.5, '1024', undefined])('refuses a vocabulary of %j', (vocabSize) => {
    const error = thrownBy(() => trainBpe(['text'], { vocabSize: vocabSize as number }));
    expect([error.code, error.options]).toEqual(['argument', ['vocabSize']]);
  });

  it('learns 1,000 merges from 1 MB at once', () => {
    const text = textOf({ ...kinds[0]!, count: 180_000 });
    expect(text.length).toBeGreaterThan(1e6);
    const begin = performance.now();
    const tokenizer = trainBpe([text], { vocabSize: 1257 });
    // Some 200 ms, and to encode 100 ms: this tells a linked list from counting anew for each merge.
    expect(performance.now() - begin).toBeLessThan(3000);
    tokenizer.encode(text);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

describe('BpeTokenizer', () => {
  it("has the ids of Rust's tokenizers for 10,000 strings of all scripts", () => {
    const all = randomStrings();
    const tokenizer = new BpeTokenizer({ merges: strings.merges, special: {} });
    const { chunk, ids } = strings;
    for (const [i, expected] of ids.entries()) {
      const part = all.slice(i * chunk, (i + 1) * chunk);
      expect(fnv(part.map((text) => tokenizer.encode(text))), `strings from ${i * chunk} on`).toBe(expected);
    }
  });

  it('learns the same merges from them', () => {
    expect(trainBpe(randomStrings(), { vocabSize: 1257 }).merges).toEqual(strings.merges);
  });

  it.each(tokenizers)('%s gives back every text, and each token has its bytes', (_, tokenizer) => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('the', ' ', '永', '🎭', '<|endoftext|>', '\n'),
        fc.string({ unit: 'binary' }),
      ),
    });
    fc.assert(
      fc.property(text, (written) => {
        const kept = textOfBytes(bytesOfText(written)); // a lone surrogate has no bytes
        const tokens = tokenizer.encode(kept);
        expect(tokenizer.decode(tokens)).toBe(kept);
        expect(again(tokenizer).encode(kept)).toEqual(tokens);
        const bytes = Array.from(tokens, (token) => [...tokenizer.bytesOf(token)]).flat();
        expect(bytes).toEqual([...new TextEncoder().encode(kept)]);
      }),
    );
  });

  it.each(tokenizers)('%s decodes any ids, streamed as at once', (_, tokenizer) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: tokenizer.vocabSize - 1 })), (ids) => {
        const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
        const streamed = ids.map((id) => decoder.decode(tokenizer.bytesOf(id), { stream: true })).join('');
        expect(streamed + decoder.decode()).toBe(tokenizer.decode(ids));
      }),
    );
    for (const id of [-1, 0.5, tokenizer.vocabSize])
      expect(thrownBy(() => tokenizer.decode([0, id])).message).toContain(`Token ${id} at position 1`);
  });

  it('takes special tokens whole, the longest first, and never merges into them', () => {
    const tokenizer = new BpeTokenizer({ merges: [], special: { '<a>': 257, '<a>b': 256, '.*': 258 } });
    const letter = (text: string): number => tokenizer.encode(text)[0]!;
    expect([...tokenizer.encode('c<a>b<a>c.*')]).toEqual([letter('c'), 256, 257, letter('c'), 258]);
    expect([tokenizer.endOfText, small.endOfText]).toEqual([undefined, small.vocabSize - 1]);
  });

  it('takes a word that is a token whole where merges are ignored', () => {
    const [a, b, c] = [64, 65, 66]; // a, b, c
    const parts = {
      merges: [
        [a, b],
        [b, c],
        [a, 257],
      ] as [number, number][],
      special: {},
    };
    expect([...new BpeTokenizer(parts).encode('abc')]).toEqual([256, c]);
    expect([...new BpeTokenizer({ ...parts, ignoreMerges: true }).encode('abc')]).toEqual([258]);
  });

  it('merges words of any length', () => {
    const word = 'the'.repeat(100_000);
    const begin = performance.now();
    expect(small.decode(small.encode(word))).toBe(word);
    expect(performance.now() - begin).toBeLessThan(5000); // 200 ms; the square of the length would be minutes
  });

  it('names a byte that a vocabulary lacks', () => {
    const tokenizer = new BpeTokenizer({ merges: [], special: {}, tokens: ['a', 'b'] });
    expect([...tokenizer.encode('abba')]).toEqual([0, 1, 1, 0]);
    const error = thrownBy(() => tokenizer.encode('ab é'));
    expect(error.code).toBe('vocabulary');
    expect(error.message).toContain('0x20');
  });

  it.each([
    ['no merges', { type: 'bpe', special: {} }, 'merges'],
    ['a merge of one', { type: 'bpe', special: {}, merges: [[1]] }, 'merges.0'],
    [
      'a merge of what is not there yet',
      {
        type: 'bpe',
        special: {},
        merges: [
          [1, 257],
          [1, 2],
        ],
      },
      'merges.0',
    ],
    ['a special token in the place of another', { type: 'bpe', special: { x: 7 }, merges: [] }, 'special.x'],
    ['a special token far away', { type: 'bpe', special: { x: 2 ** 40 }, merges: [] }, 'beyond'],
    ['tokens that are no bytes', { type: 'bpe', special: {}, merges: [], tokens: ['a', '永'] }, 'tokens.1'],
    ['a token twice', { type: 'bpe', special: {}, merges: [], tokens: ['a', 'a'] }, 'tokens.1'],
    [
      'what a merge makes is missing',
      { type: 'bpe', special: {}, merges: [[0, 1]], tokens: ['a', 'b'] },
      'merges.0',
    ],
    [
      'tokens that double and fill the memory',
      {
        type: 'bpe',
        special: {},
        merges: Array.from({ length: 60 }, (_, i) => (i === 0 ? [0, 0] : [255 + i, 255 + i])),
      },
      'longer than',
    ],
  ])('refuses %s', (_, value, part) => {
    const error = thrownBy(() => tokenizerFromJSON(value));
    expect(error.code).toBe('checkpoint');
    expect(error.message).toContain(part);
  });
});
