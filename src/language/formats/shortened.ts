import { sameShape } from '../../engine/tensor/shape.ts';
import { createModel } from '../models/create.ts';
import type { StoredTensor } from './load-parameters.ts';
import type { ModelFile } from './model-file.ts';

/**
 * A model for shorter contexts or with fewer tokens: of its tables of positions and of tokens, where it has them, it
 * keeps the first rows.
 */
export function shortened(
  model: ModelFile,
  sizes: { readonly blockSize?: number; readonly vocabSize?: number },
): ModelFile {
  const spec = { ...model.spec, ...sizes };
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
