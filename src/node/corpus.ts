import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { closest, distance } from 'fastest-levenshtein';
import { NanobardError } from '../engine/errors.ts';
import {
  type Corpus,
  type CorpusName,
  type CorpusSource,
  corpora,
  corpusNames,
} from '../language/data/corpus.ts';
import { plays } from '../language/data/plays.ts';
import { decodeText } from '../language/data/text.ts';
import { download } from './download.ts';

export interface LoadedCorpus {
  /** The corpus's name, or the file's. */
  readonly name: string;
  readonly text: string;
  readonly source: 'cache' | 'download' | 'built-in' | 'file';
  /** The file that holds the text, where there is one. */
  readonly path?: string;
  /** SHA-256 of the UTF-8 bytes, in hexadecimal. */
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

/** The longest string that V8 holds: no text can be longer. */
const MAX_BYTES = 2 ** 29 - 24;

/**
 * The text of a named corpus, or of a UTF-8 file. A name comes first: a file called `plays` is `./plays`.
 *
 * Throws NanobardError 'file' (missing, empty, or not UTF-8 text), 'network' (the download failed) or
 * 'checksum' (the download is not the text that was promised).
 */
export async function loadCorpus(nameOrPath: string, options: CorpusOptions = {}): Promise<LoadedCorpus> {
  if (!isCorpusName(nameOrPath)) return loadFile(nameOrPath);
  const { source, characters }: Corpus = corpora[nameOrPath];
  if (source !== undefined) return loadDownload(nameOrPath, options.source ?? source, options);
  const text = plays({ characters, seed: 1 });
  return { name: nameOrPath, text, source: 'built-in', sha256: sha256(text) };
}

/** tinyshakespeare, or where it cannot be had the built-in plays, with a notice that says so. */
export async function defaultCorpus(options: CorpusOptions = {}): Promise<LoadedCorpus> {
  try {
    return await loadCorpus('tinyshakespeare', options);
  } catch (error) {
    if (!(error instanceof NanobardError)) throw error;
    const notice = `${error.message}. Going on with the built-in plays instead.`;
    return { ...(await loadCorpus('plays')), notice };
  }
}

function isCorpusName(name: string): name is CorpusName {
  return Object.hasOwn(corpora, name);
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

async function loadFile(path: string): Promise<LoadedCorpus> {
  const bytes = await readWhole(path).catch((error: unknown) => {
    throw error instanceof NanobardError ? error : unreadable(path, error);
  });
  return {
    name: basename(path),
    text: decodeText(bytes, path),
    source: 'file',
    path: resolve(path),
    sha256: sha256(bytes),
  };
}

async function readWhole(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) {
    throw new NanobardError('file', `${path} is too large to be one text (${size} bytes)`, {
      hint: `Use a part of it, up to ${MAX_BYTES} bytes.`,
    });
  }
  return readFile(path);
}

function unreadable(path: string, cause: unknown): NanobardError {
  switch (codeOf(cause)) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const nearest = closest(path, corpusNames);
      const guess = distance(path, nearest) <= nearest.length / 2 ? `Did you mean ${nearest}? ` : '';
      return new NanobardError('file', `'${path}' is neither a corpus nor a file`, {
        hint: `${guess}Name a corpus (${corpusNames.join(', ')}) or the path of a UTF-8 text file.`,
        cause,
      });
    }
    case 'EISDIR':
      return new NanobardError('file', `${path} is a folder, not a text file`, {
        hint: 'Name one file; several can be put together first: cat folder/*.txt > all.txt',
        cause,
      });
    default:
      return new NanobardError('file', `${path} cannot be read (${codeOf(cause)})`, {
        hint: 'Check the permissions of the file.',
        cause,
      });
  }
}

/** From the cache where a sound copy is, else from the network. */
async function loadDownload(
  name: string,
  { url, sha256: expected }: CorpusSource,
  options: CorpusOptions,
): Promise<LoadedCorpus> {
  const folder = options.cacheFolder ?? envPaths('nanobard', { suffix: '' }).cache;
  const path = join(folder, `${name}.txt`);
  const kept = await readFile(path).catch(() => undefined); // missing or unreadable: download
  if (kept !== undefined && sha256(kept) === expected) {
    return { name, text: decodeText(kept, path), source: 'cache', path, sha256: expected };
  }
  const bytes = await download(url, options.timeout ?? 5000).catch((cause: unknown) => {
    throw new NanobardError('network', `${name} could not be downloaded: ${(cause as Error).message}`, {
      hint: `Check the connection. ${otherWays(url)}`,
      cause,
    });
  });
  const actual = sha256(bytes);
  if (actual !== expected) {
    throw new NanobardError(
      'checksum',
      `The download of ${name} is not the text that was expected (${bytes.length} bytes with SHA-256 ${actual})`,
      { hint: `A proxy or login page may have answered in place of ${url}. ${otherWays(url)}` },
    );
  }
  const loaded: LoadedCorpus = { name, text: decodeText(bytes, url), source: 'download', sha256: expected };
  try {
    await keep(path, folder, bytes);
    return { ...loaded, path };
  } catch (error) {
    return { ...loaded, notice: `${name} could not be kept in ${folder} (${codeOf(error)}).` };
  }
}

/** Writes to a temporary file first, so that nobody ever reads half a corpus. */
async function keep(path: string, folder: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

const otherWays = (url: string): string =>
  `Save ${url} some other way and pass it with --data FILE, or use --data plays, which needs no network.`;
