import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, NanobardError } from '../engine/errors.ts';
import { type CorpusSource, corpora, corpusNames } from '../language/data/corpus.ts';
import { plays } from '../language/data/plays.ts';
import { decodeText, MAX_TEXT_LENGTH, normalizeText } from '../language/data/text.ts';
import { anything, checkOptions, didYouMean, number, path as pathRule, shown } from '../language/options.ts';
import { download } from './download.ts';
import { writeAtomically } from './files.ts';

/**
 * A text: a corpus's name or a file's path, a file's URL, the bytes of a text in UTF-8, or a text with a name for it.
 */
export type TextSource = string | URL | Uint8Array | { readonly name?: string; readonly text: string };

export interface LoadedCorpus {
  /** The corpus's name, or the file's. */
  readonly name: string;
  /** With line feeds as line ends and without byte order marks, whatever the file had. */
  readonly text: string;
  /** `memory`: given as a text, or read from a pipe, so that it cannot be read again. */
  readonly source: 'cache' | 'download' | 'built-in' | 'file' | 'memory';
  /** The file that holds the text, where there is one. */
  readonly path?: string;
  /** SHA-256 of the file's bytes, in hexadecimal; of the text in UTF-8 where there is no file. */
  readonly sha256: string;
  /** Something that the user should be told, as one sentence or two. */
  readonly notice?: string;
}

export interface CorpusOptions {
  /** Folder that keeps downloads; default: the user's cache folder for nanobard. */
  readonly cacheFolder?: string;
  /** Where to download from, and the SHA-256 to expect; default: what the corpus itself says. */
  readonly source?: CorpusSource;
  /** Milliseconds without a single byte after which a download is given up; default 5,000. */
  readonly timeout?: number;
}

const corpusRules = {
  cacheFolder: pathRule,
  source: anything,
  timeout: number((ms) => ms > 0, 'of milliseconds above 0'),
};

/**
 * A text, from wherever it is. A name comes first: a file called `plays` is `./plays`.
 *
 * @throws {NanobardError} code `file` (missing, empty, or not UTF-8 text), `network` (the download failed),
 * `checksum` (the download is not the text that was promised) or `argument`.
 */
export async function loadCorpus(from: TextSource, options: CorpusOptions = {}): Promise<LoadedCorpus> {
  checkOptions('loadCorpus', options, corpusRules);
  if (from === 'plays') {
    const text = plays({ characters: corpora.plays.characters, seed: 1 });
    return { name: from, text, source: 'built-in', sha256: sha256(text) };
  }
  if (from === 'tinyshakespeare') return loadDownload(from, corpora[from].source, options);
  if (typeof from === 'string' || from instanceof URL) return loadFile(pathOf(from));
  if (from instanceof Uint8Array) return inMemory('text', Buffer.from(from), 'the text');
  if (typeof from === 'object' && from !== null && typeof from.text === 'string') {
    const { name = 'text', text } = from;
    if (text === '') throw refusal(`${shown(name)} is empty`, 'Give a text with characters in it.');
    return inMemory(String(name), Buffer.from(text));
  }
  throw refusal(
    `a text cannot be loaded from ${shown(from)}`,
    "Give a corpus's name, a file's path or URL, the bytes of a text in UTF-8, or { name, text }.",
    { code: 'argument' },
  );
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

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** What is wrong with a text; another one, given as `data`, mends it. */
function refusal(
  message: string,
  hint: string,
  { code = 'file', cause }: { code?: ErrorCode; cause?: unknown } = {},
): NanobardError {
  return new NanobardError(code, message, { hint, options: ['data'], cause });
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

function inMemory(name: string, bytes: Uint8Array, calledInErrors = name): LoadedCorpus {
  const read = readText(bytes, name, calledInErrors);
  return { name, source: 'memory', sha256: sha256(read.text), ...read };
}

/** The text as models see it, with a notice where that is not how it was written. Overwrites `bytes`. */
function readText(bytes: Uint8Array, name: string, place: string): Pick<LoadedCorpus, 'text' | 'notice'> {
  checkSize(bytes.length, place);
  if (!isUtf8(bytes) || bytes.includes(0)) return { text: decodeText(bytes, place) }; // which says where
  const { bytes: left, notices } = normalizeText(bytes, name);
  return { text: decodeText(left, place), ...(notices.length > 0 && { notice: notices.join(' ') }) };
}

async function loadFile(path: string): Promise<LoadedCorpus> {
  const name = basename(path);
  try {
    const found = await stat(path);
    checkSize(found.size, path);
    const place = found.isFile() ? await placeOf(resolve(path)) : undefined;
    const bytes = await readFile(path);
    if (place === undefined) return inMemory(name, bytes, path);
    const source = { name, source: 'file', path: place, sha256: sha256(bytes) } as const;
    return { ...source, ...readText(bytes, name, path) };
  } catch (error) {
    throw error instanceof NanobardError ? error : unreadable(path, error as NodeJS.ErrnoException);
  }
}

/** Where a file can be found again: for `/dev/stdin` and its like it is the file that it stands for, if any. */
async function placeOf(path: string): Promise<string | undefined> {
  return /^\/(dev|proc)\//.test(path) ? realpath(path).catch(() => undefined) : path;
}

function checkSize(size: number, name: string): void {
  if (size <= MAX_TEXT_LENGTH) return;
  const hint = `Use a part of it, up to ${MAX_TEXT_LENGTH} bytes.`;
  throw refusal(`${name} is too large to be one text (${size} bytes)`, hint);
}

function unreadable(path: string, cause: NodeJS.ErrnoException): NanobardError {
  const { code = String(cause) } = cause;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const hint = `Name a corpus (${corpusNames.join(', ')}) or the path of a UTF-8 text file.`;
    const message = `${shown(path)} is neither a corpus nor a file`;
    return refusal(message, `${didYouMean(path, corpusNames)}${hint}`, { cause });
  }
  if (code === 'EISDIR') {
    const hint = 'Name one file; several can be put together first: cat folder/*.txt > all.txt';
    return refusal(`${path} is a folder, not a text file`, hint, { cause });
  }
  return refusal(`${path} cannot be read (${code})`, 'Check the permissions of the file.', { cause });
}

/** A corpus that is downloaded elsewhere, from the cache alone: undefined where no sound copy of it is. */
export async function cachedCorpus(
  name: 'tinyshakespeare',
  options: CorpusOptions = {},
): Promise<LoadedCorpus | undefined> {
  const { source = corpora[name].source } = options;
  return loadKept(name, await keptAt(name, options), source.sha256);
}

/** Where a download of a corpus is kept. */
const keptAt = async (name: string, { cacheFolder }: CorpusOptions): Promise<string> =>
  join(cacheFolder ?? (await userCacheFolder()), `${name}.txt`);

async function loadKept(name: string, path: string, expected: string): Promise<LoadedCorpus | undefined> {
  const kept = await readFile(path).catch(() => undefined); // missing or unreadable
  if (kept === undefined || sha256(kept) !== expected) return undefined;
  return { name, text: decodeText(kept, path), source: 'cache', path, sha256: expected };
}

/** From the cache where a sound copy is, else from the network. */
async function loadDownload(
  name: string,
  usual: CorpusSource,
  { source: { url, sha256: expected } = usual, timeout = 5000, ...options }: CorpusOptions,
): Promise<LoadedCorpus> {
  const path = await keptAt(name, options);
  const kept = await loadKept(name, path, expected);
  if (kept) return kept;
  const otherWays = `Save ${url} some other way and use that file, or the built-in plays, which need no network.`;
  const bytes = await download(url, timeout).catch((cause: Error) => {
    const message = `${name} could not be downloaded: ${cause.message}`;
    throw refusal(message, `Check the connection. ${otherWays}`, { code: 'network', cause });
  });
  const actual = sha256(bytes);
  if (actual !== expected) {
    throw refusal(
      `The download of ${name} is not the text that was expected (${bytes.length} bytes with SHA-256 ${actual})`,
      `A proxy or login page may have answered in place of ${url}. ${otherWays}`,
      { code: 'checksum' },
    );
  }
  const loaded: LoadedCorpus = { name, text: decodeText(bytes, url), source: 'download', sha256: expected };
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeAtomically(path, bytes);
    return { ...loaded, path };
  } catch (error) {
    return {
      ...loaded,
      notice: `${name} could not be kept in ${dirname(path)}: ${(error as Error).message}.`,
    };
  }
}

/** The user's folder for what can be downloaded again; a temporary one for a user without a home. */
export async function userCacheFolder(): Promise<string> {
  try {
    const { default: envPaths } = await import('env-paths'); // asks for the home folder when it is imported
    return envPaths('nanobard', { suffix: '' }).cache;
  } catch {
    return join(tmpdir(), 'nanobard');
  }
}
