import { isUtf8 } from 'node:buffer';
import { extname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { NanobardError } from '../engine/errors.ts';
import { joined } from '../language/data/documents.ts';
import { decodeText, MAX_TEXT_LENGTH, normalizeText, toUtf8 } from '../language/data/text.ts';
import { shown } from '../language/options.ts';

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
  if (startsWith(bytes, 'PAR1')) return { documents: await readParquet(bytes, place, field), notices: [] };
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

/** What is wrong with a text; another one, given as `data`, mends it. */
export function refusal(
  message: string,
  hint: string,
  { options = ['data'], cause }: { options?: readonly string[]; cause?: unknown } = {},
): NanobardError {
  return new NanobardError('file', message, { hint, options, cause });
}

/** No text can be longer than the longest string. */
export function checkSize(size: number, name: string): void {
  if (size > MAX_TEXT_LENGTH) throw tooLarge(name);
}

function tooLarge(name: string): NanobardError {
  const hint = `Use a part of it, up to ${MAX_TEXT_LENGTH} bytes, or encode it: nanobard tokenizer encode --help.`;
  return refusal(`${name} is too large to be one text`, hint);
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

function noField(place: string, field: string, texts: readonly string[]): NanobardError {
  const hint =
    texts.length > 0 ? `Fields with text are ${texts.slice(0, 10).join(', ')}.` : 'No field of it is a text.';
  return refusal(`${place} has no text in the field ${shown(field)}`, hint, { options: ['field'] });
}

async function readParquet(bytes: Uint8Array, place: string, field = DEFAULT_FIELD): Promise<string[]> {
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet').catch(
    (cause: unknown) => {
      throw refusal(
        `${place} is a Parquet file, and what reads it is not installed`,
        'npm install hyparquet hyparquet-compressors',
        {
          options: [],
          cause,
        },
      );
    },
  );
  // Snappy is built in; other compressions need the second package.
  const compressors = await import('hyparquet-compressors')
    .then((all) => all.compressors)
    .catch(() => undefined);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  try {
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    if (!columns.includes(field))
      throw noField(
        place,
        field,
        columns.map((column) => shown(column)),
      );
    const rows = await parquetReadObjects({
      file,
      metadata,
      columns: [field],
      ...(compressors && { compressors }),
    });
    return rows.flatMap((row) => {
      const text: unknown = row[field];
      if (typeof text === 'string') return cleaned(text);
      if (text === null || text === undefined) return [];
      throw noField(place, field, []);
    });
  } catch (cause) {
    if (cause instanceof NanobardError) throw cause;
    throw refusal(
      `${place} cannot be read as Parquet: ${(cause as Error).message}`,
      'The file may be damaged.',
      { cause },
    );
  }
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  return [...magic].every((character, i) => bytes[i] === character.charCodeAt(0));
}
