import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NanobardError } from '../engine/errors.ts';
import { isHuggingFaceConfig, parseJSON } from '../language/formats/folder.ts';
import { MODEL_FILE, type ModelFile } from '../language/formats/model-file.ts';
import {
  type LoadOptions,
  type ModelSource,
  openModel as openAnywhere,
  openFile,
  openFolder,
  placeModel,
} from '../language/load-model.ts';
import { anything, checkOptions, deviceRules } from '../language/options.ts';
import type { TextModel } from '../language/text-model.ts';
import { readIfThere } from './files.ts';
import { fetchFromHub, isHubName } from './hub.ts';

/**
 * Opens a model that nanobard has saved, or a GPT-2 of Hugging Face: by the path of its file, or of a folder that holds
 * it, such as a run's; by its name on the hub, `hf:org/name`; or from whatever else `loadModel` opens in a page.
 *
 * @throws {NanobardError} code `file` if there is no such file, `run-folder` if the folder holds no model, and what
 *   `loadModel` throws in a page.
 */
export async function loadModel(source: ModelSource, options: LoadOptions = {}): Promise<TextModel> {
  checkOptions('loadModel', options, { ...deviceRules, device: anything });
  return placeModel(await openModel(source), options);
}

/**
 * The parts of a model, from wherever `loadModel` opens one.
 *
 * @throws {NanobardError} as `loadModel`.
 */
export async function openModel(source: ModelSource): Promise<ModelFile> {
  const path = typeof source === 'string' && isHubName(source) ? await fetchFromHub(source) : pathOf(source);
  if (path === undefined) return openAnywhere(source);
  try {
    return await openPath(path);
  } catch (cause) {
    if (!(cause instanceof NanobardError && cause.code === 'checkpoint')) throw cause;
    const { code, message, hint } = cause;
    throw new NanobardError(code, `${path}: ${message}`, { hint, cause });
  }
}

/** Whether a model is there that belongs to no run: a file, a folder of Hugging Face, or one with a model file alone. */
export async function isModelAlone(source: string): Promise<boolean> {
  const path = isHubName(source) ? undefined : pathOf(source);
  if (path === undefined || (await stat(path).catch(() => undefined))?.isFile()) return true;
  const config = await readIfThere(join(path, 'config.json'));
  if (config === undefined) return existsSync(join(path, MODEL_FILE));
  return isHuggingFaceConfig(parseJSON('config.json', config));
}

function pathOf(source: ModelSource): string | undefined {
  if (source instanceof URL) return source.protocol === 'file:' ? fileURLToPath(source) : undefined;
  if (typeof source !== 'string' || /^(https?|blob|data):/.test(source)) return undefined;
  return source.startsWith('file:') ? fileURLToPath(source) : source;
}

async function openPath(path: string): Promise<ModelFile> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? '' : `: ${cause.message}`;
    const hint = `Give the folder of a run or of a model of Hugging Face, or a ${MODEL_FILE}.`;
    throw new NanobardError('file', `there is no model at ${path}${why}`, { hint, cause });
  });
  if (!found.isDirectory()) return openFile((await readIfThere(path)) ?? new Uint8Array());
  const model = await openFolder((name) => readIfThere(join(path, name)));
  if (model) return model;
  throw new NanobardError('run-folder', `${path} holds no ${MODEL_FILE} yet`, {
    hint: 'A run has one from its first evaluation after a step on.',
  });
}
