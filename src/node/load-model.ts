import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NanobardError } from '../engine/errors.ts';
import { type LoadOptions, loadModel as load, MODEL_FILE, type ModelSource } from '../language/load-model.ts';
import { anything, checkOptions, deviceRules } from '../language/options.ts';
import type { TextModel } from '../language/text-model.ts';

/**
 * Opens a model that nanobard has saved: by the path of its file, or of a folder that holds it, such as a run's; or
 * from whatever else `loadModel` opens in a page.
 *
 * @throws {NanobardError} code `file` if there is no such file, `run-folder` if the folder holds no model, and what
 *   `loadModel` throws in a page.
 */
export async function loadModel(source: ModelSource, options: LoadOptions = {}): Promise<TextModel> {
  checkOptions('loadModel', options, { ...deviceRules, device: anything });
  const path = pathOf(source);
  if (path === undefined) return load(source, options);
  const file = await modelFile(path);
  try {
    return await load(await readFile(file), options);
  } catch (cause) {
    if (!(cause instanceof NanobardError && cause.code === 'checkpoint')) throw cause;
    const { code, message, hint } = cause;
    throw new NanobardError(code, `${file}: ${message}`, { ...(hint !== undefined && { hint }), cause });
  }
}

function pathOf(source: ModelSource): string | undefined {
  if (source instanceof URL) return source.protocol === 'file:' ? fileURLToPath(source) : undefined;
  if (typeof source !== 'string' || /^(https?|blob|data):/.test(source)) return undefined;
  return source.startsWith('file:') ? fileURLToPath(source) : source;
}

/** The model file at a path, or in the folder there. */
async function modelFile(path: string): Promise<string> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? '' : `: ${cause.message}`;
    const hint = `Give the folder of a run, or the ${MODEL_FILE} in it.`;
    throw new NanobardError('file', `there is no model at ${path}${why}`, { hint, cause });
  });
  if (!found.isDirectory()) return path;
  const file = join(path, MODEL_FILE);
  if (existsSync(file)) return file;
  throw new NanobardError('run-folder', `${path} holds no ${MODEL_FILE} yet`, {
    hint: 'A run has one from its first evaluation after a step on.',
  });
}
