import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { NanobardError } from '../engine/errors.ts';
import { MAX_TEXT_LENGTH } from '../language/data/text.ts';
import { BpeTokenizer } from '../language/data/tokenizer/bpe.ts';
import { Splitter } from '../language/data/tokenizer/split.ts';
import type { Tokenizer } from '../language/data/tokenizer/tokenizer.ts';
import { isTable, readJsonLines, readText } from './documents.ts';
import { refusal } from './refusal.ts';

// Texts that are too large to be one string are read and encoded part by part.

/** A part of a document. */
export interface TextPart {
  readonly text: string;
  /** Whether a document begins with it. */
  readonly begins: boolean;
}

/** Without byte order marks, which are left out. */
const WORD_END = /[^\p{White_Space}\uFEFF]/u;

/**
 * `wordEnd` of a tokenizer. Other patterns than GPT-2's join signs and line ends, those of models not letters or numbers and
 * these; of one that does, and without a pattern, nothing is a word's end.
 */
export function wordEndOf(tokenizer: Tokenizer): RegExp {
  const { patterns } = tokenizer instanceof BpeTokenizer ? tokenizer.ways : {};
  if (!patterns) return WORD_END;
  return cutsAtLineEnds(new Splitter(patterns)) ? /[\p{L}\p{N}]/u : /(?!)/;
}

/** Of letters and numbers, and of what else patterns tell apart. */
const [LETTERS, SIGNS] = [
  ['a', 'B', '7', '永'],
  [' ', '.', "'", '\n'],
];

/** Whether words end where lines do, tried on all short texts: whether both sides of a line end have the words of the whole. */
function cutsAtLineEnds(splitter: Splitter): boolean {
  const wordsOf = (text: string): string[] => {
    const words: string[] = [];
    splitter.each(text, (word) => words.push(word));
    return words;
  };
  const letters = ['', ...LETTERS, ...SIGNS];
  const around = letters.flatMap((first) => letters.map((second) => first + second));
  const before = around.flatMap((text) => LETTERS.map((last) => text + last));
  const after = around.map((text) => `\n${text}`);
  const wordsAfter = after.map(wordsOf);
  return before.every((left) => {
    const words = wordsOf(left);
    return after.every((right, i) => {
      const whole = wordsOf(left + right);
      const parts = [...words, ...wordsAfter[i]!];
      return parts.length === whole.length && parts.every((word, at) => word === whole[at]);
    });
  });
}

const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/** The least chunk that zlib makes. */
const LEAST_CHUNK = 64;

/** Whether this is a file too large to be held as one text; of one in gzip, what it says itself of what is in it. */
export async function isLarge(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return false;
  if (found.size > MAX_TEXT_LENGTH) return true;
  const file = await open(path);
  try {
    const { buffer: ends } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (!isGzip(ends) || found.size < 4) return false;
    const { buffer: length } = await file.read(Buffer.alloc(4), 0, 4, found.size - 4);
    return length.readUInt32LE() > MAX_TEXT_LENGTH; // modulo 4 GiB: RFC 1952, section 2.3.1
  } finally {
    await file.close();
  }
}

const isGzip = ([a, b]: Uint8Array): boolean => a === 0x1f && b === 0x8b;

/**
 * The documents of a file, a text or JSON lines, in gzip or not, part by part: cut where a line ends that the tokenizer does
 * not join to what is before it, so that the parts have the tokens of the whole.
 *
 * @param wordEnd what stands before a line's end where words end there, whatever follows: by default what is no white space,
 *   as GPT-2's pattern cuts
 * @param partBytes about how much is read at once
 * @param tell is told of what was changed in reading, a sentence each, once
 * @throws {NanobardError} code `file`, as `loadCorpus` does; for a line that is too long, UTF-16 and Parquet, which are not
 *   read this way
 */
export async function* textParts(
  path: string,
  {
    field,
    wordEnd = WORD_END,
    partBytes = 2 ** 22,
    tell = () => {},
  }: {
    field?: string | undefined;
    wordEnd?: RegExp;
    partBytes?: number;
    tell?: (notice: string) => void;
  } = {},
): AsyncGenerator<TextPart, void, void> {
  const table = isTable(path.replace(/\.gz$/, ''), field);
  let rest = new Uint8Array();
  let [from, lines, begins] = [0, 0, true];
  const told = new Set<string>();
  const partOf = function* (bytes: Uint8Array): Generator<TextPart, void, void> {
    if (bytes.length === 0) return;
    // Reading overwrites them.
    const { text, notices } = readText(Uint8Array.from(bytes), basename(path), path, from);
    for (const notice of notices) if (!told.has(notice)) tell(notice);
    for (const notice of notices) told.add(notice);
    if (!table) yield { text, begins };
    else
      for (const document of readJsonLines(text, path, field, lines)) yield { text: document, begins: true };
    from += bytes.length;
    lines += table ? text.split('\n').length - 1 : 0;
    begins = false;
  };
  for await (const chunk of await bytesOf(path, partBytes)) {
    if (from === 0 && rest.length === 0) refuseOthers(chunk, path);
    rest = joinedBytes(rest, chunk);
    if (rest.length < partBytes) continue;
    const cut = table ? rest.lastIndexOf(LINE_FEED) + 1 : lastCut(rest, wordEnd);
    if (rest.length - cut > MAX_TEXT_LENGTH)
      throw refusal(
        `${path} has a line that is too long, from byte ${from + cut} on`,
        'Break it into lines.',
      );
    yield* partOf(rest.subarray(0, cut));
    rest = rest.slice(cut);
  }
  yield* partOf(rest);
}

/** The bytes of a file, unzipped. */
async function bytesOf(path: string, highWaterMark: number): Promise<AsyncIterable<Uint8Array>> {
  const file = await open(path);
  const { buffer } = await file.read(new Uint8Array(2), 0, 2, 0);
  const stream: Readable = file.createReadStream({ start: 0, highWaterMark });
  if (!isGzip(buffer)) return stream;
  const chunkSize = Math.max(LEAST_CHUNK, highWaterMark);
  const unzipped = pipeline(stream, createGunzip({ chunkSize }), () => {}); // who reads hears of errors
  return (async function* () {
    try {
      yield* unzipped;
    } catch (cause) {
      const message = `${path} cannot be decompressed: ${(cause as Error).message}`;
      throw refusal(message, 'The file is damaged.', { cause });
    }
  })();
}

function refuseOthers(bytes: Uint8Array, path: string): void {
  const start = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (/^(\xff\xfe|\xfe\xff)/.test(start))
    throw refusal(`${path} is UTF-16, and too large to be one text`, 'Save it as UTF-8 first.');
  if (start === 'PAR1')
    throw refusal(`${path} is Parquet, and too large to be held in memory`, 'Make JSON lines of it first.');
}

/** Where the last line ends behind such a character. 0 if none does. */
function lastCut(bytes: Uint8Array, wordEnd: RegExp): number {
  for (let at = bytes.lastIndexOf(LINE_FEED); at > 0; at = bytes.lastIndexOf(LINE_FEED, at - 1)) {
    const end = bytes[at - 1] === RETURN ? at - 1 : at;
    let start = end - 1;
    while (start > 0 && (bytes[start]! & 0xc0) === 0x80) start--;
    const last = new TextDecoder().decode(bytes.subarray(Math.max(0, start), end));
    if (wordEnd.test(last)) return end;
  }
  return 0;
}

function joinedBytes(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The tokens of documents that come in parts: those of `encodeDocuments`. */
export async function* encodeParts(
  tokenizer: Tokenizer,
  parts: AsyncIterable<TextPart> | Iterable<TextPart>,
): AsyncGenerator<Int32Array, void, void> {
  const { endOfText } = tokenizer;
  let before: string | undefined;
  for await (const { text, begins } of parts) {
    if (begins && endOfText !== undefined) yield Int32Array.of(endOfText);
    const newLine = begins && endOfText === undefined && before !== undefined && before !== '\n';
    yield tokenizer.encode(newLine ? `\n${text}` : text);
    before = text.at(-1);
  }
  if (before === undefined)
    throw new NanobardError('file', 'there is no text to encode', { options: ['data'] });
}
