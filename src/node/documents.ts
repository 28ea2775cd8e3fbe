import { isUtf8 } from 'node:buffer';
import { extname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { joined } from '../language/data/documents.ts';
import { decodeText, MAX_TEXT_LENGTH, normalizeText, toUtf8 } from '../language/data/text.ts';
import { shown } from '../language/options.ts';
import { readParquet } from './parquet/read-parquet.ts';
import { checkSize, noField, refusal, tooLarge } from './refusal.ts';

/** The column or key that holds a document's text, where nobody says another. */
export const DEFAULT_FIELD = 'text';

/** What is in a file: one document if it is a text, many if it is a table. */
export interface Documents {
  readonly documents: readonly string[];
  /** What was changed in reading, a sentence each. */
  readonly notices: readonly string[];
}

/**
 * The documents in a file's bytes, which it may overwrite: a text, JSON lines or Parquet, any of them in gzip. JSON
 * lines are known by their name, or by a field being asked for.
 *
 * @param name the file's name, for its ending and for notices
 * @param place what the file is called in errors
 * @throws {NanobardError} code `file`
 */
export async function readDocuments(
  bytes: Uint8Array,
  name: string,
  place: string,
  field?: string,
): Promise<Documents> {
  checkSize(bytes.length, place);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const inner = extname(name) === '.gz' ? name.slice(0, -3) : name;
    return readDocuments(unzipped(bytes, place), inner, place, field);
  }
  if (startsWith(bytes, 'PAR1')) {
    const texts = await readParquet(bytes, place, field ?? DEFAULT_FIELD);
    return { documents: texts.flatMap(cleaned), notices: [] };
  }
  const { text, notices } = readText(bytes, name, place);
  if (!isTable(name, field)) return { documents: [text], notices };
  const documents = readJsonLines(text, place, field);
  if (documents.length === 0) throw refusal(`${place} has no documents`, 'Use a file with documents in it.');
  return { documents, notices };
}

/** Whether each line of a file is a document. */
export const isTable = (name: string, field: string | undefined): boolean =>
  field !== undefined || ['.jsonl', '.ndjson'].includes(extname(name));

/**
 * Documents, and as one text.
 *
 * @param place what they are called in the error that they are too large for that: a small file may hold much text
 */
export function contentOf(documents: readonly string[], place: string): Content {
  checkSize(
    documents.reduce((sum, { length }) => sum + length + 1, -1),
    place,
  );
  return { documents, text: joined(documents) };
}

export interface Content {
  readonly documents: readonly string[];
  readonly text: string;
}

/**
 * The text as models see it, with a notice where that is not how it was written. Overwrites `bytes`; `from` is where in
 * the file they begin.
 */
export function readText(
  bytes: Uint8Array,
  name: string,
  place: string,
  from = 0,
): { text: string; notices: string[] } {
  const utf8 = toUtf8(bytes, place);
  if (!isUtf8(utf8) || utf8.includes(0)) return { text: decodeText(utf8, place, from), notices: [] }; // which says where
  const { bytes: left, notices } = normalizeText(utf8, name);
  return { text: decodeText(left, place), notices };
}

function unzipped(bytes: Uint8Array, place: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_TEXT_LENGTH });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(place);
    const message = `${place} cannot be decompressed: ${(cause as Error).message}`;
    throw refusal(message, 'The file is damaged.', { cause });
  }
}

/** JSON lines: each an object whose `field` is a document, or a string that is one; `before` is how many lines came before. */
export function readJsonLines(text: string, place: string, field = DEFAULT_FIELD, before = 0): string[] {
  const documents: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `${place}, line ${before + i + 1}`;
    documents.push(...cleaned(documentOf(parsedLine(line, where), field, where)));
  }
  return documents;
}

/** A document of a table with line feeds alone; none if it is empty. */
const cleaned = (text: string): string[] => (text === '' ? [] : [text.replace(/\r\n?/g, '\n')]);

function parsedLine(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw refusal(
      `${place} is not JSON: ${(cause as Error).message}`,
      'JSON lines have one value on each line.',
      {
        cause,
      },
    );
  }
}

function documentOf(value: unknown, field: string, place: string): string {
  if (typeof value === 'string') return value;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const found =
    isObject && Object.hasOwn(value, field)
      ? Object.entries(value).find(([key]) => key === field)
      : undefined;
  if (typeof found?.[1] === 'string') return found[1];
  if (!isObject)
    throw refusal(`${place} is neither an object nor a string`, 'Each line must be one document.');
  const texts = Object.entries(value).flatMap(([key, each]) =>
    typeof each === 'string' ? [shown(key)] : [],
  );
  throw noField(place, field, texts);
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  return [...magic].every((character, i) => bytes[i] === character.charCodeAt(0));
}
