import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { rejectionOf } from '../testing/thrown.ts';
import { type CorpusOptions, loadCorpus, type TextSource } from './corpus.ts';

const folder = await mkdtemp(join(tmpdir(), 'nanobard-documents-'));
afterAll(() => rm(folder, { recursive: true }));

let count = 0;

/** A file with these contents. */
async function file(contents: string | Uint8Array, name = 'a.txt'): Promise<string> {
  const path = join(folder, `${count++}`, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, contents);
  return path;
}

const documents = async (from: TextSource, options: CorpusOptions = {}): Promise<readonly string[]> =>
  (await loadCorpus(from, options)).documents;

const utf16 = (text: string, bigEndian: boolean): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
};

describe('UTF-16', () => {
  it.each([false, true])('is read by its byte order mark, big-endian %s, as UTF-8 is', async (bigEndian) => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (text) => {
        fc.pre(!text.includes('\0'));
        const read = await loadCorpus(utf16(text, bigEndian));
        expect(read.documents).toEqual([(await loadCorpus({ text })).text]);
      }),
    );
    const read = await loadCorpus(await file(utf16('a\r\n永🎭', bigEndian)));
    expect([read.text, read.notice]).toEqual([
      'a\n永🎭',
      'The line ends of a.txt (CRLF or CR) are read as line feeds.',
    ]);
  });

  it.each([
    ['half a surrogate pair', Buffer.from('\ufeffab\ud83cc', 'utf16le'), 6],
    ['the wrong half', Buffer.from('\ufeffa\udf00', 'utf16le'), 4],
    ['an odd byte', Buffer.from([0xff, 0xfe, 0x61, 0, 0x62]), 4],
    ['NUL', Buffer.from('\ufeffab\0', 'utf16le'), 6],
  ])('is refused with the position of %s', async (_, bytes, position) => {
    expect((await rejectionOf(loadCorpus(bytes))).message).toContain(`byte ${position} `);
  });
});

describe('tables', () => {
  const lines = '{"text": "one\\r\\ntwo", "title": "永"}\n\n{"text": "three", "title": "🎭"}\n';

  it('of JSON lines are documents', async () => {
    expect(await documents(await file(lines, 'a.jsonl'))).toEqual(['one\ntwo', 'three']);
    expect(await documents(await file(lines), { field: 'title' })).toEqual(['永', '🎭']);
    expect(await documents(Buffer.from('"a"\n"b"'), { field: 'text' })).toEqual(['a', 'b']);
    expect((await loadCorpus(await file(lines, 'a.jsonl'))).text).toBe('one\ntwo\nthree'); // a line each
  });

  it.each([
    ['a line that is no JSON', '{"text": "a"}\nb', 'line 2 is not JSON'],
    ['another field', '{"body": "a", "n": 1}', "no text in the field 'text'"],
    ['a number', '7', 'neither an object nor a string'],
    ['a field that is inherited', '{"constructor": 1}', 'no text'],
    ['no documents', '\n\n', 'no documents'],
  ])('of JSON lines with %s are refused', async (_, contents, part) => {
    expect((await rejectionOf(loadCorpus(await file(contents, 'a.jsonl')))).message).toContain(part);
  });

  it('name the fields that there are', async () => {
    const error = await rejectionOf(loadCorpus(await file('{"body": "a", "n": 1}', 'a.jsonl')));
    expect([error.hint, error.options]).toEqual(["Fields with text are 'body'.", ['field']]);
  });

  it('of Parquet are documents', async () => {
    // Written by pyarrow: column "text" of 'Alpha beta.', 'Gamma 永.', null, and "n" of numbers.
    const path = join(import.meta.dirname, 'fixtures/documents.parquet');
    expect(await documents(path)).toEqual(['Alpha beta.', 'Gamma 永.']);
    expect((await rejectionOf(loadCorpus(path, { field: 'n' }))).options).toEqual(['field']);
    expect((await rejectionOf(loadCorpus(path, { field: 'm' }))).hint).toContain("'text', 'n'");
    expect((await rejectionOf(loadCorpus(Buffer.from('PAR1 but nothing more')))).message).toContain(
      'Parquet',
    );
  });
});

describe('gzip', () => {
  it('holds a text or a table', async () => {
    expect(await documents(await file(gzipSync('a\nb'), 'a.txt.gz'))).toEqual(['a\nb']);
    expect(await documents(await file(gzipSync('{"text":"a"}\n{"text":"b"}'), 'a.jsonl.gz'))).toEqual([
      'a',
      'b',
    ]);
    expect((await rejectionOf(loadCorpus(gzipSync('abc').subarray(0, 15)))).message).toContain(
      'decompressed',
    );
  });
});

describe('several sources', () => {
  it('are documents in the order in which they are given', async () => {
    const [a, b] = [await file('a', 'x.txt'), await file('b\n', 'y.txt')];
    const both = await loadCorpus([b, a, { text: 'c' }]);
    expect(both).toMatchObject({
      documents: ['b\n', 'a', 'c'],
      text: 'b\na\nc',
      name: 'y.txt and 2 more',
      source: 'memory',
    });
    const files = await loadCorpus([a, b]);
    expect(files).toMatchObject({ name: 'x.txt and 1 more', source: 'file', origin: [a, b] });
    expect(files.sha256).not.toBe((await loadCorpus([b, a])).sha256);
    expect((await rejectionOf(loadCorpus([]))).code).toBe('argument');
  });

  it('are the texts of a folder, sorted, without hidden files and pictures', async () => {
    const top = join(await file('2', 'b.txt'), '..');
    await mkdir(join(top, 'a/.git'), { recursive: true });
    await writeFile(join(top, 'a/c.md'), '1');
    await writeFile(join(top, 'a/.git/x'), 'hidden');
    await writeFile(join(top, '.hidden'), 'hidden');
    await writeFile(join(top, 'picture.png'), Buffer.from([0x89, 0, 1]));
    await writeFile(join(top, 'empty.txt'), '');
    const read = await loadCorpus(top);
    expect(read).toMatchObject({ documents: ['1', '2'], origin: [top] });
    expect(read.notice).toBe(`Not text, and left out of ${top}: empty.txt, picture.png.`);
    await expect(documents(join(top, '*.{txt,md}'))).rejects.toThrow('empty.txt is empty');
    expect(await documents(join(top, '**/*.md'))).toEqual(['1']);
    expect((await rejectionOf(loadCorpus(join(top, '*.tex')))).message).toContain('no file matches');
  });

  it('may be a file whose name looks like a pattern', async () => {
    expect(await documents(await file('a', 'a[1].txt'))).toEqual(['a']);
  });
});
