import { sameShape } from '../../engine/tensor/shape.ts';
import { createModel } from '../models/create.ts';
import type { StoredTensor } from './load-parameters.ts';
import type { ModelFile } from './model-file.ts';

/** A model for shorter contexts: of a table of positions, where it has one, it keeps the first rows. */
export function withBlockSize(model: ModelFile, blockSize: number): ModelFile {
  if (blockSize === model.spec.blockSize) return model;
  const spec = { ...model.spec, blockSize };
  const tensors = new Map(model.tensors);
  for (const [name, { shape, size }] of createModel(spec).namedParameters()) {
    const stored = tensors.get(name);
    if (stored && isPrefix(shape, stored)) tensors.set(name, { shape, data: stored.data.subarray(0, size) });
  }
  return { ...model, spec, tensors };
}

/** Whether a tensor of this shape is the first rows of a stored one. */
const isPrefix = (shape: readonly number[], stored: StoredTensor): boolean =>
  shape[0]! < stored.shape[0]! && sameShape(shape.slice(1), stored.shape.slice(1));
