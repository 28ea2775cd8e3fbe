import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeDocuments } from '../language/data/documents.ts';
import { BpeTokenizer } from '../language/data/tokenizer/bpe.ts';
import type { Tokenizer } from '../language/data/tokenizer/tokenizer.ts';
import { ways } from '../testing/huggingface.ts';
import { rejectionOf } from '../testing/thrown.ts';
import { loadCorpus } from './corpus.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { encodeParts, isLarge, textParts, wordEndOf } from './text-parts.ts';

const folder = await mkdtemp(join(tmpdir(), 'nanobard-parts-'));
afterAll(() => rm(folder, { recursive: true }));

async function tokensOf(
  path: string,
  tokenizer: Tokenizer,
  partBytes: number,
  wordEnd = wordEndOf(tokenizer),
): Promise<number[]> {
  const tokens: number[] = [];
  const parts = textParts(path, { partBytes, wordEnd });
  for await (const part of encodeParts(tokenizer, parts)) tokens.push(...part);
  return tokens;
}

/** Words, spaces of all kinds and line ends, so that a cut may fall anywhere. */
const piece = fc.constantFrom(
  ...[
    'a',
    'the',
    "'s",
    '12',
    '.',
    ' ',
    '  ',
    '\t',
    '\n',
    '\n\n',
    '\r\n',
    '\u3000',
    '\u00a0',
    '。',
    '你好',
    '🙂',
    'é',
  ],
);
const texts = fc
  .array(piece, { minLength: 1, maxLength: 300 })
  .map((pieces) => pieces.join(''))
  .filter((text) => text.replaceAll('\r\n', '\n') !== '');

describe('a text in parts', () => {
  it.each(['char', 'bytes', 'bpe:270'])('has the tokens of the whole: %s', async (which) => {
    const path = join(folder, `${which.replace(':', '-')}.txt`);
    let parts = 0;
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        async (text, partBytes, zipped) => {
          await writeFile(path, zipped ? gzipSync(text) : text);
          const { documents } = await loadCorpus(path);
          const tokenizer = await loadTokenizer(which, documents);
          expect(await tokensOf(path, tokenizer, partBytes)).toEqual([
            ...encodeDocuments(tokenizer, documents),
          ]);
          for await (const _ of textParts(path, { partBytes })) parts++;
        },
      ),
      { numRuns: 100 },
    );
    expect(parts).toBeGreaterThan(120); // of 100 texts: some were cut
  });

  it.each(ways.all)('has the tokens of the whole, cut into words by the pattern of $name', async (way) => {
    const { merges, patterns, normalizer: normalForm } = way;
    const tokenizer = new BpeTokenizer({ merges, patterns, normalForm, special: {} });
    const path = join(folder, 'pattern.txt');
    const wordEnd = wordEndOf(tokenizer);
    let parts = 0;
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 40 }), async (text, partBytes) => {
        await writeFile(path, text);
        const { documents } = await loadCorpus(path);
        expect(await tokensOf(path, tokenizer, partBytes, wordEnd)).toEqual([
          ...encodeDocuments(tokenizer, documents),
        ]);
        for await (const _ of textParts(path, { partBytes, wordEnd })) parts++;
      }),
      { numRuns: 30 },
    );
    const isOne = ['atoms', 'digits from the right', 'one word'].includes(way.name); // they join them
    if (isOne) expect(parts).toBe(30);
    else expect(parts).toBeGreaterThan(32);
  });

  it.each(['char', 'bpe:270'])('has the documents of JSON lines: %s', async (which) => {
    const path = join(folder, `${which.replace(':', '-')}.jsonl`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(texts, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 60 }),
        async (lines, partBytes) => {
          await writeFile(path, lines.map((text) => `${JSON.stringify({ text })}\n`).join(''));
          const { documents } = await loadCorpus(path);
          const tokenizer = await loadTokenizer(which, documents);
          expect(await tokensOf(path, tokenizer, partBytes)).toEqual([
            ...encodeDocuments(tokenizer, documents),
          ]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('says once what was changed in reading', async () => {
    const path = join(folder, 'crlf.txt');
    await writeFile(path, 'one line\r\n'.repeat(10));
    const told: string[] = [];
    const parts = await drained(textParts(path, { partBytes: 20, tell: (notice) => told.push(notice) }));
    expect(parts.length).toBeGreaterThan(2);
    expect(told).toEqual([expect.stringContaining('crlf.txt (CRLF or CR)')]);
  });

  it('is known by its size; in gzip by what the file says of its contents', async () => {
    const path = join(folder, 'small.gz');
    const zipped = gzipSync('some text');
    await writeFile(path, zipped);
    expect(await isLarge(path)).toBe(false);
    zipped.writeUInt32LE(2 ** 30, zipped.length - 4);
    await writeFile(path, zipped);
    expect(await isLarge(path)).toBe(true);
    await truncate(path, 3);
    expect(await isLarge(path)).toBe(false);
    await writeFile(join(folder, 'large.txt'), '');
    await truncate(join(folder, 'large.txt'), 2 ** 29); // sparse
    expect(await isLarge(join(folder, 'large.txt'))).toBe(true);
    expect(await isLarge(folder)).toBe(false);
    expect(await isLarge(join(folder, 'nothing'))).toBe(false);
  });

  it('is refused where it is none, with the place in the file', async () => {
    const path = join(folder, 'wrong.txt');
    const lines = 'first line\nsecond line\n';
    const read = async (bytes: Uint8Array): Promise<string> => {
      await writeFile(path, bytes);
      const tokenizer = await loadTokenizer('bytes', []);
      return (await rejectionOf(tokensOf(path, tokenizer, 12))).message;
    };
    expect(await read(Buffer.concat([Buffer.from(lines), Buffer.of(0xff)]))).toContain(
      `byte ${lines.length} (0xff)`,
    );
    expect(await read(Buffer.from(`${lines}a\0`))).toContain(`byte ${lines.length + 1} is NUL`);
    expect(await read(Buffer.from('\ufeffutf-16', 'utf16le'))).toContain('UTF-16');
    expect(await read(Buffer.from('PAR1 and more'))).toContain('Parquet');
    expect(await read(gzipSync(lines).subarray(0, 30))).toContain('cannot be decompressed');
    await writeFile(path, '{"text": "a"}\n{"text": "b"}\nno\n');
    const table = textParts(path, { field: 'text', partBytes: 10 });
    expect((await rejectionOf(drained(table))).message).toContain('line 3');
  });
});

async function drained(parts: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const part of parts) all.push(part);
  return all;
}
