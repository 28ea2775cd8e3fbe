import type { Exporter } from '../export.ts';
import { encodeModel } from '../model-file.ts';
import { FROM_NANOBARD, TO_NANOBARD } from './scripts.ts';

/**
 * The model file as it is, since its names and shapes are those of nanoGPT's state dict, and scripts that make a
 * checkpoint of nanoGPT of it and the other way round. They run in the user's own Python: a checkpoint is a pickle,
 * which nanobard never opens.
 */
export const exportNanoGPT: Exporter = (model, { dtype }) => [
  { name: 'model.safetensors', data: encodeModel(model, dtype) },
  { name: 'from_nanobard.py', data: FROM_NANOBARD },
  { name: 'to_nanobard.py', data: TO_NANOBARD },
];
