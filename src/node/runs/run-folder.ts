import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { NanobardError } from '../../engine/errors.ts';
import { corpusNames } from '../../language/data/corpus.ts';
import { type Tokenizer, tokenizerFromJSON } from '../../language/data/tokenizer/tokenizer.ts';
import { MODEL_FILE } from '../../language/formats/model-file.ts';
import { checkArgument, path as pathRule } from '../../language/options.ts';
import {
  checkpointChunks,
  decodeCheckpoint,
  type TrainerSnapshot,
  type TrainerState,
} from '../../language/train/checkpoint.ts';
import type { TextSource } from '../corpus.ts';
import {
  type Contents,
  decodeJSON,
  linkOrCopy,
  readIfThere,
  removeTemporaries,
  replaceAtomically,
  syncFolder,
  writeAtomically,
} from '../files.ts';
import { isPattern } from '../find-files.ts';
import { lockFolder } from './lock.ts';
import { Metrics } from './metrics.ts';
import { decodeRunConfig, type RunConfig } from './run-config.ts';
import { loadRunData, type RunData } from './run-data.ts';

/** What is in a run's folder, apart from files. */
const FOLDERS = ['checkpoints', 'samples'];

const KEPT_STATE = /^step-(\d+)\.safetensors$/;

const LAST_STATE = join('checkpoints', 'last.safetensors');

/**
 * A run on disk:
 *
 *     config.json        recipe, text, version
 *     tokenizer.json
 *     metrics.jsonl      one event a line, samples apart
 *     model.safetensors  the best model so far: all that generation needs
 *     checkpoints/       last.safetensors: all that training needs to go on; step-….safetensors: those that are kept
 *     samples/           the text made at the end of training
 *     text.txt, .jsonl   the text it is trained on, or documents, where that came from no file
 *     lock.…             who writes there, while somebody does
 */
export class RunFolder {
  readonly path: string;
  readonly tokenizer: Tokenizer;
  /** The state to go on from. */
  readonly lastPath: string;
  /** The best model so far. */
  readonly bestPath: string;
  readonly metrics: Metrics;
  private known: RunConfig;
  private unlock: (() => Promise<void>) | undefined;

  private constructor(path: string, config: RunConfig, tokenizer: Tokenizer) {
    this.path = path;
    this.known = config;
    this.tokenizer = tokenizer;
    this.lastPath = join(path, LAST_STATE);
    this.bestPath = join(path, MODEL_FILE);
    this.metrics = new Metrics(join(path, 'metrics.jsonl'));
  }

  get config(): RunConfig {
    return this.known;
  }

  /**
   * Begins a run in an empty or new folder, and keeps a text there if one is given. The caller is its writer until
   * `release`. Nothing is left behind if it fails.
   */
  static async create(
    path: string,
    config: RunConfig,
    tokenizer: Tokenizer,
    kept?: RunData['kept'],
  ): Promise<RunFolder> {
    await refuseOccupied(path);
    const made = await makeFolder(path);
    const run = new RunFolder(path, config, tokenizer);
    let mine = false;
    try {
      // Whoever makes this one has the folder, should two begin in it at the same time.
      mine = (await makeFolder(join(path, 'checkpoints'))) !== undefined;
      if (!mine) await refuseOccupied(path);
      await run.lock();
      await makeFolder(join(path, 'samples'));
      if (kept) await writeAtomically(join(path, kept.name), kept.contents);
      await writeAtomically(join(path, 'tokenizer.json'), JSON.stringify(tokenizer.toJSON()));
      await run.writeConfig();
      await syncFolder(dirname(resolve(path)));
    } catch (error) {
      await run.release();
      for (const name of mine ? await readdir(path) : [])
        await rm(join(path, name), { recursive: true, force: true });
      if (made !== undefined) await rmdir(path).catch(() => {}); // another's is not empty
      throw error;
    }
    return run;
  }

  /**
   * Makes the caller the run's only writer, until `release`; what writers that died have left half written is removed.
   *
   * @throws {NanobardError} code `run-folder` if there is another one, `file` if nothing can be written there.
   */
  async lock(): Promise<void> {
    this.unlock = await lockFolder(this.path);
    for (const folder of ['.', ...FOLDERS]) await removeTemporaries(join(this.path, folder));
  }

  /** Lets others write. */
  async release(): Promise<void> {
    await this.unlock?.();
    this.unlock = undefined;
  }

  /** Makes a folder of this name, or with -2, -3, … behind it where there is one already. */
  static async make(path: string): Promise<string> {
    await makeFolder(dirname(path));
    for (let number = 1; ; number++) {
      const numbered = number === 1 ? path : `${path}-${number}`;
      // What is there already is not made, and not returned.
      if ((await makeFolder(numbered)) !== undefined) return numbered;
    }
  }

  /** @throws {NanobardError} code `run-folder` if there is no run, `checkpoint` if its files are damaged. */
  static async open(path: string): Promise<RunFolder> {
    checkArgument('RunFolder.open', 'folder', pathRule, path);
    const config = await decoded(join(path, 'config.json'), decodeRunConfig);
    if (!config) {
      const message = `${path} is not the folder of a run: it holds no config.json`;
      throw runError(message, 'Give the folder that training printed at its end, such as runs/fast-….');
    }
    const tokenizer = await decoded(join(path, 'tokenizer.json'), (bytes, file) =>
      decodeJSON(bytes, file, tokenizerFromJSON),
    );
    if (!tokenizer) throw new NanobardError('run-folder', `the run ${path} has lost its tokenizer.json`);
    return new RunFolder(path, config, tokenizer);
  }

  /** The newest run below `parent` that has a checkpoint, or an error that says how to make one. */
  static async newest(parent = 'runs'): Promise<string> {
    const paths = (await readdir(parent).catch(() => [])).map((name) => join(parent, name));
    const began = (path: string): number => statSync(join(path, 'config.json')).mtimeMs;
    const runs = paths
      .filter((path) => existsSync(join(path, 'config.json')))
      .sort((a, b) => began(b) - began(a));
    const newest = runs.find((path) => [MODEL_FILE, LAST_STATE].some((file) => existsSync(join(path, file))));
    if (newest !== undefined) return newest;
    if (runs.length === 0)
      throw runError(`there is no run in ${parent}`, 'Train one first, or give the folder of a run.');
    const message = `no run in ${parent} has a checkpoint yet: ${runs.join(', ')}`;
    throw runError(message, 'Train one until its first evaluation after a step at least.');
  }

  /** Changes what the run is: its recipe, longer say, its text's place, or what it does beside training. */
  async change(
    changes: Partial<Pick<RunConfig, 'recipe' | 'data' | 'ranks' | 'dtype' | 'policy'>>,
  ): Promise<void> {
    this.known = { ...this.known, ...changes };
    await this.writeConfig();
  }

  /**
   * What the run was trained on, from where it was, or from `data`.
   *
   * @throws {NanobardError} code `file` if it is there no more, `run-folder` if it is another one.
   */
  async loadData(data?: TextSource): Promise<RunData> {
    const { path, tokenizer } = this;
    const { source, name, characters, tokens, sha256, field } = this.config.data;
    const from = data ?? this.find([source].flat(), name);
    const found = await loadRunData({ data: from, field, tokenizer });
    if (found.sha256 === sha256) return found;
    found.close();
    const message =
      data === undefined
        ? `${[from].flat().join(', ')} has changed since the run ${path} was trained on it`
        : `the run ${path} was trained on another text than ${found.describe(path).name}`;
    const size = characters === undefined ? `${tokens} tokens` : `${characters} characters`;
    throw runError(message, `It began with ${name}, ${size}, SHA-256 ${sha256.slice(0, 12)}….`, ['data']);
  }

  /** Where sources are now: as seen from the run's folder, or of the same name in the working directory. */
  private find(sources: readonly string[], name: string): string | string[] {
    const found = sources.map((source) => {
      const places = [resolve(this.path, source), resolve(sources.length === 1 ? name : basename(source))];
      const place = corpusNames.includes(source)
        ? source
        : places.find((at) => existsSync(at) || isPattern(source));
      if (place !== undefined) return place;
      throw new NanobardError('file', `the text of the run ${this.path} is no longer at ${places[0]}`, {
        hint: `Put ${basename(places[1]!)} there, or give the file: any copy will do.`,
        options: ['data'],
      });
    });
    return found.length === 1 ? found[0]! : found;
  }

  /**
   * Writes the state to go on from; and under a name of its own, of which the newest `keep` stay. Returns the path of
   * that, if there is one.
   */
  async saveState(state: TrainerSnapshot, keep = 0): Promise<string | undefined> {
    const bytes = checkpointChunks(state);
    if (keep === 0) {
      await writeAtomically(this.lastPath, bytes);
      return undefined;
    }
    const folder = dirname(this.lastPath);
    const kept = join(folder, `step-${String(state.progress.step).padStart(6, '0')}.safetensors`);
    await writeAtomically(kept, bytes);
    await replaceAtomically(this.lastPath, (temporary) => linkOrCopy(kept, temporary)); // written once
    const stepOf = (name: string): number => Number(KEPT_STATE.exec(name)?.[1]);
    const all = (await readdir(folder)).filter((name) => KEPT_STATE.test(name));
    for (const name of all.sort((a, b) => stepOf(b) - stepOf(a)).slice(keep)) await rm(join(folder, name));
    return kept;
  }

  /** Keeps the bytes of a model as the best so far. */
  async saveModel(bytes: Contents): Promise<void> {
    await writeAtomically(this.bestPath, bytes);
  }

  hasModel(): boolean {
    return existsSync(this.bestPath);
  }

  /**
   * The state to go on from; undefined if none has been saved yet.
   *
   * @throws {NanobardError} code `checkpoint` if it is damaged.
   */
  async loadState(): Promise<TrainerState | undefined> {
    const bytes = await readIfThere(this.lastPath);
    if (!bytes) return undefined;
    try {
      return decodeCheckpoint(bytes);
    } catch (cause) {
      if (!(cause instanceof NanobardError)) throw cause;
      throw new NanobardError(cause.code, `${this.lastPath}: ${cause.message}`, {
        hint: `${cause.hint ?? 'The file is damaged.'} The run's best model may still be good: ${this.bestPath}`,
        cause,
      });
    }
  }

  async saveSample(step: number, text: string): Promise<void> {
    await writeAtomically(join(this.path, 'samples', `step-${step}.txt`), text);
  }

  private writeConfig(): Promise<void> {
    return writeAtomically(join(this.path, 'config.json'), `${JSON.stringify(this.known, null, 2)}\n`);
  }
}

/** What is wrong with a run or its folder. */
export function runError(message: string, hint: string, options: readonly string[] = []): NanobardError {
  return new NanobardError('run-folder', message, { hint, options });
}

async function refuseOccupied(path: string): Promise<void> {
  const names: string[] = await readdir(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new NanobardError('run-folder', `${path} cannot be a run folder: ${cause.message}`, {
      options: ['folder'],
      cause,
    });
  });
  if (names.includes('config.json')) {
    const hint = 'Resume that run, or choose another folder.';
    throw runError(`${path} already holds a run`, hint, ['resume', 'folder']);
  }
  if (names.length > 0) throw runError(`${path} is not empty`, 'Choose a new or empty folder.', ['folder']);
}

/** Makes a folder and those above it; returns the first that was made, undefined if all were there. */
async function makeFolder(path: string): Promise<string | undefined> {
  // Of a folder above that cannot be written, Node says with `recursive` that it is not there: the second try says why.
  const recursive = (): Promise<string | undefined> => mkdir(path, { recursive: true });
  return recursive()
    .catch(() => mkdir(path).then(() => path))
    .catch((cause: Error) => {
      throw new NanobardError('file', `the run folder ${path} cannot be made: ${cause.message}`, {
        options: ['folder'],
        cause,
      });
    });
}

/** What `decode` makes of a file's bytes; undefined if there is none. */
async function decoded<T>(
  path: string,
  decode: (bytes: Uint8Array, path: string) => T,
): Promise<T | undefined> {
  const bytes = await readIfThere(path);
  return bytes && decode(bytes, path);
}
