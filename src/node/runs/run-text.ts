import { access } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { NanobardError } from '../../engine/errors.ts';
import { corpusNames } from '../../language/data/corpus.ts';
import { type LoadedCorpus, loadCorpus, type TextSource } from '../corpus.ts';
import { KEPT_TEXT, type RunConfig, type RunFolder } from './run-folder.ts';

/**
 * How the run in `folder` remembers a text: a corpus by its name, a file by the way from the folder to it, so that
 * both may move together, and what cannot be read again by the copy that the run keeps.
 */
export function describeText(
  { name, path, source, sha256 }: LoadedCorpus,
  characters: number,
  folder: string,
): RunConfig['data'] {
  const way = source === 'file' && path !== undefined ? relative(resolve(folder), path) : undefined;
  const where = source === 'memory' ? KEPT_TEXT : (way?.split(sep).join('/') ?? name);
  return { source: where, name, sha256, characters };
}

/**
 * The text that a run was trained on, from where it was, or from `data`.
 *
 * @throws {NanobardError} code `file` if it is there no more, `run-folder` if it is another one.
 */
export async function loadRunText(folder: RunFolder, data?: TextSource): Promise<LoadedCorpus> {
  const known = folder.config.data;
  const from = data ?? (await placeOf(folder));
  const corpus = await loadCorpus(from);
  if (corpus.sha256 === known.sha256) return corpus;
  const message =
    data === undefined
      ? `${from} has changed since the run ${folder.path} was trained on it`
      : `the run ${folder.path} was trained on another text than ${corpus.name}`;
  throw new NanobardError('run-folder', message, {
    hint: `It began with ${known.name}, ${known.characters} characters, SHA-256 ${known.sha256.slice(0, 12)}….`,
    options: ['data'],
  });
}

/** Where the run's text is: as seen from its folder, or a file of the same name in the working directory. */
async function placeOf({ path, config: { data } }: RunFolder): Promise<string> {
  if (corpusNames.some((name) => name === data.source)) return data.source;
  const places = [resolve(path, data.source), resolve(data.name)];
  for (const place of places) if (await exists(place)) return place;
  throw new NanobardError('file', `the text of the run ${path} is no longer at ${places[0]}`, {
    hint: `Put ${data.name} there, or give the file: any copy will do.`,
    options: ['data'],
  });
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
