import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NanobardError } from '../engine/errors.ts';
import { corpora, corpusNames } from '../language/data/corpus.ts';
import { plays } from '../language/data/plays.ts';
import {
  anything,
  checkOptions,
  didYouMean,
  number,
  path as pathRule,
  shown,
  text as textRule,
} from '../language/options.ts';
import { contentOf, readDocuments } from './documents.ts';
import { loadDownload } from './downloaded-corpus.ts';
import { sha256 } from './files.ts';
import { filesIn, isPattern, matchingFiles } from './find-files.ts';
import type { CorpusOptions, LoadedCorpus } from './loaded-corpus.ts';
import { checkSize, refusal } from './refusal.ts';

export type { CorpusOptions, LoadedCorpus };

/**
 * A text: a corpus's name, a file's path or URL, a folder or a pattern of files, the bytes of a file, or a text with a name
 * for it; or several of these. Files may be texts, JSON lines or Parquet, any of them in gzip.
 */
export type TextSource = OneSource | readonly OneSource[];

type OneSource = string | URL | Uint8Array | { readonly name?: string; readonly text: string };

const corpusRules = {
  field: textRule,
  cacheFolder: pathRule,
  source: anything,
  timeout: number((ms) => ms > 0, 'of milliseconds above 0'),
};

/**
 * A text, from wherever it is. A name comes first: a file called `plays` is `./plays`.
 *
 * @throws {NanobardError} code `file` (missing, empty, not text), `network` (the download failed), `checksum` (the
 * download is not the text that was promised) or `argument`.
 */
export async function loadCorpus(from: TextSource, options: CorpusOptions = {}): Promise<LoadedCorpus> {
  checkOptions('loadCorpus', options, corpusRules);
  const sources = Array.isArray(from) ? from : [from];
  if (sources.length === 0) throw wrongSource(from);
  const parts: LoadedCorpus[] = [];
  for (const source of sources) parts.push(await loadOne(source, options));
  return together(parts, basename(parts[0]!.name));
}

async function loadOne(from: OneSource, options: CorpusOptions): Promise<LoadedCorpus> {
  const { field } = options;
  if (from === 'plays') {
    const text = plays({ characters: corpora.plays.characters, seed: 1 });
    return {
      name: from,
      ...contentOf([text], from),
      source: 'built-in',
      origin: [from],
      sha256: sha256(text),
    };
  }
  if (from === 'tinyshakespeare') return loadDownload(from, corpora[from].source, options);
  if (typeof from === 'string' || from instanceof URL) return loadPath(pathOf(from), field);
  if (from instanceof Uint8Array) return inMemory('text', Buffer.from(from), 'the text', field);
  if (typeof from === 'object' && from !== null && typeof from.text === 'string') {
    const { name = 'text', text } = from;
    if (text === '') throw refusal(`${shown(name)} is empty`, 'Give a text with characters in it.');
    return inMemory(String(name), Buffer.from(text), String(name));
  }
  throw wrongSource(from);
}

/** Parts as one text. Those that can be read again stay where they are only if all can. */
function together(parts: readonly LoadedCorpus[], first: string, origin?: readonly string[]): LoadedCorpus {
  const [only] = parts;
  if (only && parts.length === 1 && !origin) return only;
  const size = parts.reduce((sum, { text }) => sum + text.length + 1, 0);
  checkSize(size, `${first} and what was given with it`);
  const kept = parts.every(({ source }) => source !== 'memory');
  const content = contentOf(
    parts.flatMap(({ documents }) => documents),
    first,
  );
  const hash = kept ? parts.map((part) => part.sha256).join('\n') : keptCopy(content).contents;
  const notices = new Set(parts.flatMap(({ notice }) => notice ?? []));
  return {
    name: origin || parts.length === 1 ? first : `${first} and ${parts.length - 1} more`,
    ...content,
    source: kept ? 'file' : 'memory',
    origin: kept ? (origin ?? parts.flatMap((part) => part.origin)) : [],
    sha256: sha256(hash),
    ...(notices.size > 0 && { notice: [...notices].join(' ') }),
  };
}

/** The file from which documents that have none can be read again: a text, or where there are several JSON lines. */
export function keptCopy({ documents, text }: Pick<LoadedCorpus, 'documents' | 'text'>): {
  readonly name: string;
  readonly contents: string;
} {
  if (documents.length === 1) return { name: 'text.txt', contents: text };
  return {
    name: 'text.jsonl',
    contents: documents.map((document) => `${JSON.stringify(document)}\n`).join(''),
  };
}

/** tinyshakespeare, or where it cannot be had the built-in plays, with a notice that says so. */
export async function defaultCorpus(options: CorpusOptions = {}): Promise<LoadedCorpus> {
  try {
    return await loadCorpus('tinyshakespeare', options);
  } catch (error) {
    if (!(error instanceof NanobardError) || error.code === 'argument') throw error;
    const notice = `${error.message}. The built-in plays are used instead.`;
    return { ...(await loadCorpus('plays')), notice };
  }
}

function wrongSource(from: unknown): NanobardError {
  return new NanobardError('argument', `a text cannot be loaded from ${shown(from)}`, {
    hint: "Give a corpus's name, a file's path or URL, the bytes of a file, { name, text }, or several of these.",
    options: ['data'],
  });
}

function pathOf(from: string | URL): string {
  const isURL = from instanceof URL;
  if (isURL && from.protocol === 'file:') return fileURLToPath(from);
  const path = String(from);
  if (path !== '' && path.length <= 4096 && !path.includes('\n') && !isURL) return path;
  throw refusal(
    `${shown(path)} is neither a corpus nor a file`,
    isURL ? 'Download it first, and give the file.' : 'A text itself is given as an object: { name, text }.',
  );
}

async function inMemory(
  name: string,
  bytes: Uint8Array,
  place: string,
  field?: string,
): Promise<LoadedCorpus> {
  const { documents, notices } = await readDocuments(bytes, name, place, field);
  const content = contentOf(documents, place);
  return {
    name,
    ...content,
    source: 'memory',
    origin: [],
    sha256: sha256(keptCopy(content).contents),
    ...told(notices),
  };
}

const told = (notices: readonly string[]): Pick<LoadedCorpus, 'notice'> =>
  notices.length > 0 ? { notice: notices.join(' ') } : {};

/** A file, all texts of a folder, or what a pattern stands for. */
async function loadPath(path: string, field?: string): Promise<LoadedCorpus> {
  try {
    const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' && isPattern(path)) return undefined;
      throw cause;
    });
    if (found && !found.isDirectory()) return await loadFile(path, field);
    const files = found ? await filesIn(path) : await matchingFiles(path);
    const parts: LoadedCorpus[] = [];
    for (const file of files.texts) parts.push(await loadFile(file, field));
    const corpus = together(parts, basename(resolve(path)), [resolve(path)]);
    return { ...corpus, ...told([corpus.notice ?? [], files.notice ?? []].flat()) };
  } catch (error) {
    throw error instanceof NanobardError ? error : unreadable(path, error as NodeJS.ErrnoException);
  }
}

async function loadFile(path: string, field?: string): Promise<LoadedCorpus> {
  const name = basename(path);
  const found = await stat(path);
  checkSize(found.size, path);
  const place = found.isFile() ? await placeOf(resolve(path)) : undefined;
  const bytes = await readFile(path);
  if (place === undefined) return inMemory(name, bytes, path, field);
  const hash = sha256(bytes); // reading overwrites them
  const { documents, notices } = await readDocuments(bytes, name, path, field);
  return {
    name,
    ...contentOf(documents, path),
    source: 'file',
    path: place,
    origin: [place],
    sha256: hash,
    ...told(notices),
  };
}

/** Where a file can be found again: for `/dev/stdin` and its like it is the file that it stands for, if any. */
async function placeOf(path: string): Promise<string | undefined> {
  return /^\/(dev|proc)\//.test(path) ? realpath(path).catch(() => undefined) : path;
}

function unreadable(path: string, cause: NodeJS.ErrnoException): NanobardError {
  const { code = String(cause) } = cause;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const hint = `Name a corpus (${corpusNames.join(', ')}) or the path of a UTF-8 text file.`;
    const message = `${shown(path)} is neither a corpus nor a file`;
    return refusal(message, `${didYouMean(path, corpusNames)}${hint}`, { cause });
  }
  return refusal(`${path} cannot be read (${code})`, 'Check the permissions of the file.', { cause });
}
