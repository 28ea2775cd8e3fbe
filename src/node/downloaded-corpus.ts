import { mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NanobardError } from '../engine/errors.ts';
import { type CorpusSource, corpora } from '../language/data/corpus.ts';
import { decodeText } from '../language/data/text.ts';
import { contentOf } from './documents.ts';
import { download } from './download.ts';
import { sha256, writeAtomically } from './files.ts';
import type { CorpusOptions, LoadedCorpus } from './loaded-corpus.ts';

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
  return {
    name,
    ...contentOf([decodeText(kept, path)], path),
    source: 'cache',
    path,
    origin: [name],
    sha256: expected,
  };
}

/** From the cache where a sound copy is, else from the network. */
export async function loadDownload(
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
    throw new NanobardError('network', message, {
      hint: `Check the connection. ${otherWays}`,
      options: ['data'],
      cause,
    });
  });
  const actual = sha256(bytes);
  if (actual !== expected) {
    throw new NanobardError(
      'checksum',
      `The download of ${name} is not the text that was expected (${bytes.length} bytes with SHA-256 ${actual})`,
      { hint: `A proxy or login page may have answered in place of ${url}. ${otherWays}`, options: ['data'] },
    );
  }
  const content = contentOf([decodeText(bytes, url)], url);
  const loaded: LoadedCorpus = { name, ...content, source: 'download', origin: [name], sha256: expected };
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
