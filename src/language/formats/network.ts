import { NanobardError } from '../../engine/errors.ts';
import { sizeOf } from '../../engine/tensor/shape.ts';
import { createModel, type ModelSpec } from '../models/create.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { checkParameters, type StoredTensor } from './load-parameters.ts';

/**
 * The model of a specification, still without the weights that are stored for it. Made only where the tensors bear the
 * specification out, so that a file of a kilobyte cannot ask for a million layers.
 *
 * @throws {NanobardError} code `checkpoint` if a tensor is missing or has another shape.
 */
export function networkFor(spec: ModelSpec, tensors: ReadonlyMap<string, StoredTensor>): LanguageModel {
  const { nLayer, nHead, nEmbd, ngramOrder } = { nLayer: 1, nHead: 1, nEmbd: 1, ngramOrder: 1, ...spec };
  const parts = nLayer * (spec.model === 'lecture' ? nHead : 1) + ngramOrder;
  const values = [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (parts > 2 * tensors.size + 1 || nLayer * nEmbd > values) {
    const message = `the checkpoint is of another model: it has not the ${nLayer} layers, ${nEmbd} wide, that its description names`;
    throw new NanobardError('checkpoint', message, {
      hint: 'The file is damaged, or its parts are of different models.',
    });
  }
  const network = createModel(spec);
  checkParameters(network.namedParameters(), tensors);
  return network;
}
