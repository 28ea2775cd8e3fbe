import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Generator } from '../../engine/tensor/generator.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Decoder } from './decoder.ts';
import { generateText, generateTexts } from './text.ts';

/** Tokens are counted; those of texts are their UTF-8. */
function tokenizerOf(tokens: readonly (string | readonly number[])[]): Tokenizer {
  return {
    vocabSize: tokens.length,
    encode: () => new Int32Array(0),
    decode: () => '',
    bytesOf: (id) => {
      const token = tokens[id]!;
      return typeof token === 'string' ? new TextEncoder().encode(token) : Uint8Array.from(token);
    },
    toJSON: () => ({ type: 'test' }),
  };
}

/** What is streamed when a decoder makes the given tokens, texts or bytes, and how the sample ended. */
async function stream(tokens: readonly (string | readonly number[])[], stop?: readonly string[]) {
  let made = 0;
  const decoder = {
    async *generate() {
      for (let i = 0; i < tokens.length; i++) {
        made++;
        yield i;
      }
    },
  } as unknown as Decoder;
  const tokenizer = tokenizerOf(tokens);
  const options = { tokens: tokens.length, generator: new Generator(1), ...(stop && { stop }) };
  const pieces: string[] = [];
  const text = generateText(decoder, tokenizer, [0], options);
  let next = await text.next();
  for (; !next.done; next = await text.next()) pieces.push(next.value);
  return { pieces, made, ...next.value };
}

describe('generateTexts', () => {
  it('gives each sample what generateText gives it: property', async () => {
    const letters = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 }), {
      minLength: 1,
      maxLength: 6,
    });
    const stop = fc.constantFrom('ab', 'bb', 'aab');
    await fc.assert(
      fc.asyncProperty(fc.array(letters, { minLength: 1, maxLength: 4 }), stop, async (samples, end) => {
        const vocabulary = samples.flat();
        const tokenizer = tokenizerOf(vocabulary);
        const decoder: Pick<Decoder, 'together'> = {
          async *together(jobs) {
            const all = [...jobs];
            for (let step = 0; step < 6; step++) {
              yield all.flatMap((job, index) => {
                const token = samples.slice(0, index).flat().length + step;
                return step < samples[index]!.length && !job.ended ? [{ index, token, logits: [] }] : [];
              });
            }
          },
        };
        const texts = samples.map(({ length }) => {
          return [[0], { tokens: length, generator: new Generator(1), stop: end }] as const;
        });
        const made = samples.map(() => '');
        const ends = new Map<number, unknown>();
        for await (const piece of generateTexts(decoder, tokenizer, texts)) {
          expect(ends.has(piece.index)).toBe(false);
          made[piece.index] += piece.text;
          if (piece.end) ends.set(piece.index, piece.end);
        }
        for (const [i, tokens] of samples.entries()) {
          const { pieces, stopped, tokens: count } = await stream(tokens, [end]);
          expect([made[i], ends.get(i)]).toEqual([pieces.join(''), { stopped, tokens: count }]);
        }
      }),
    );
  });
});

describe('generateText', () => {
  it('streams each token as it is made', async () => {
    expect(await stream(['a', 'bc', 'd'])).toEqual({
      pieces: ['a', 'bc', 'd'],
      made: 3,
      stopped: 'length',
      tokens: 3,
    });
    expect(await stream([])).toEqual({ pieces: [], made: 0, stopped: 'length', tokens: 0 });
  });

  it('holds back a character until all its bytes are there', async () => {
    const [mask, zero] = [[0xf0, 0x9f, 0x8e, 0xad], [0x30]];
    const bytes = (...all: number[][]) => all.flat().map((byte) => [byte]);
    expect((await stream(bytes(mask, zero))).pieces).toEqual(['🎭', '0']);
    expect((await stream([mask.slice(0, 3), [...mask.slice(3), ...zero]])).pieces).toEqual(['🎭0']);
    // One that is broken off, within and at the end.
    expect((await stream(bytes(mask.slice(0, 3), zero))).pieces).toEqual(['\uFFFD0']);
    expect((await stream(bytes(zero, mask.slice(0, 2)))).pieces).toEqual(['0', '\uFFFD']);
    // A byte order mark is a character like others.
    expect((await stream(['\uFEFFa'])).pieces).toEqual(['\uFEFFa']);
    expect((await stream(bytes(mask, mask), ['🎭🎭'])).pieces).toEqual([]);
  });

  it('ends at a stop text, which is not part of it, and makes no further token', async () => {
    expect(await stream(['a', 'b', '\n', 'c'], ['\n'])).toEqual({
      pieces: ['a', 'b'],
      made: 3,
      stopped: 'stop',
      tokens: 3,
    });
    expect(await stream(['ab|cd', 'e'], ['|'])).toEqual({
      pieces: ['ab'],
      made: 1,
      stopped: 'stop',
      tokens: 1,
    });
    expect(await stream(['|', 'a'], ['|'])).toEqual({ pieces: [], made: 1, stopped: 'stop', tokens: 1 });
  });

  it('recognises stop texts across tokens, and holds back what may be the beginning of one', async () => {
    const end = { stopped: 'stop', tokens: 4, made: 4 };
    expect(await stream(['x', 'E', 'N', 'D', 'y'], ['END'])).toEqual({ pieces: ['x'], ...end });
    expect((await stream(['x', 'E', 'N', 'T', 'y'], ['END'])).pieces).toEqual(['x', 'ENT', 'y']);
    expect((await stream(['x', 'E', 'N'], ['END'])).pieces).toEqual(['x', 'EN']); // held back until the end
    expect((await stream(['EN', 'EN', 'D'], ['END'])).pieces).toEqual(['EN']);
    expect((await stream(['aab', 'aab', 'aac'], ['aabaac'])).pieces).toEqual(['aab']);
  });

  it('ends at the first of several stop texts', async () => {
    expect((await stream(['a', 'b', 'c', 'd'], ['cd', 'b'])).pieces).toEqual(['a']);
    expect((await stream(['abcd'], ['cd', 'bc'])).pieces).toEqual(['a']);
    expect((await stream(['a', 'b', 'c'], ['', 'c'])).pieces).toEqual(['a', 'b']); // an empty one never appears
  });

  it('gives the text up to the first stop text, however it is cut into tokens: property', async () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(letters, { maxLength: 8 }), stop, async (tokens, end) => {
        const { pieces, stopped } = await stream(tokens, [end]);
        const text = tokens.join('');
        const at = text.indexOf(end);
        expect(pieces.join('')).toBe(at < 0 ? text : text.slice(0, at));
        expect(stopped).toBe(at < 0 ? 'length' : 'stop');
        expect(pieces).not.toContain('');
      }),
    );
  });
});
