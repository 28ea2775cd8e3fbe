import { existsSync } from 'node:fs';
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
export async function loadRunText({ path, config }: RunFolder, data?: TextSource): Promise<LoadedCorpus> {
  const { source, name, characters, sha256 } = config.data;
  // As seen from the run's folder, or a file of the same name in the working directory.
  const places = [resolve(path, source), resolve(name)];
  const found = corpusNames.some((known) => known === source) ? source : places.find(existsSync);
  const from = data ?? found;
  if (from === undefined) {
    throw new NanobardError('file', `the text of the run ${path} is no longer at ${places[0]}`, {
      hint: `Put ${name} there, or give the file: any copy will do.`,
      options: ['data'],
    });
  }
  const corpus = await loadCorpus(from);
  if (corpus.sha256 === sha256) return corpus;
  const message =
    data === undefined
      ? `${from} has changed since the run ${path} was trained on it`
      : `the run ${path} was trained on another text than ${corpus.name}`;
  throw new NanobardError('run-folder', message, {
    hint: `It began with ${name}, ${characters} characters, SHA-256 ${sha256.slice(0, 12)}….`,
    options: ['data'],
  });
}
