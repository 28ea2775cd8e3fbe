import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { ModelFile } from '../../language/formats/model-file.ts';
import { openModel } from '../load-model.ts';
import type { RunConfig } from './run-config.ts';
import { runError } from './run-folder.ts';

/** How a run remembers the model that it began with, wherever it is resumed from. */
export function describeInitial(
  source: string,
  model: ModelFile,
): Required<Pick<RunConfig, 'initFrom' | 'initSha256'>> {
  const isAddress = /^\w[\w+.-]+:/.test(source);
  return { initFrom: isAddress ? source : resolve(source), initSha256: weightsDigest(model) };
}

/**
 * The model that a run began with, once more; none if it began with weights that are drawn.
 *
 * @throws {NanobardError} code `run-folder` if there is another one in its place by now, and whatever `openModel` throws
 */
export async function reopenInitial(
  { initFrom, initSha256 }: RunConfig,
  path: string,
): Promise<ModelFile | undefined> {
  if (initFrom === undefined) return undefined;
  const model = await openModel(initFrom);
  if (initSha256 !== undefined && weightsDigest(model) !== initSha256) {
    const message = `the run ${path} has no checkpoint yet, and ${initFrom} is not the model any more that it began with`;
    throw runError(message, 'Put that model back, or begin a new run in another folder.', ['folder']);
  }
  return model;
}

/** SHA-256 of weights with their names and shapes, in the order of the names. */
function weightsDigest({ tensors }: ModelFile): string {
  const hash = createHash('sha256');
  for (const name of [...tensors.keys()].sort()) {
    const { shape, data } = tensors.get(name)!;
    const { buffer, byteOffset, byteLength } = data;
    hash.update(JSON.stringify([name, shape])).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
