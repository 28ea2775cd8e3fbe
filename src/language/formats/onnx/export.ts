import type { ModelSpec } from '../../models/create.ts';
import type { Exporter } from '../export.ts';
import type { WeightType } from '../model-file.ts';
import { writeBigram } from './bigram.ts';
import { configFiles } from './config.ts';
import { writeGPT } from './gpt.ts';
import { Graph } from './graph.ts';
import { writeLecture } from './lecture.ts';
import { writeModern } from './modern.ts';

/** The files' names as transformers.js looks for them. */
const fileNames: Record<WeightType, string> = {
  f32: 'onnx/model.onnx',
  f16: 'onnx/model_fp16.onnx',
  q8: 'onnx/model_quantized.onnx',
};

/**
 * A folder that transformers.js opens by its default call, and whose .onnx file runs in any ONNX runtime. Weights are
 * stored as `dtype` says; all is computed in f32.
 */
export const exportONNX: Exporter = ({ spec, tokenizer, tensors }, { dtype }) => {
  const graph = new Graph(tensors, dtype);
  write(graph, spec);
  return [
    { name: fileNames[dtype], data: graph.encode(spec.model) },
    ...configFiles(spec, tokenizer, dtype).map(({ name, value }) => ({
      name,
      data: `${JSON.stringify(value, null, 2)}\n`,
    })),
  ];
};

function write(graph: Graph, spec: ModelSpec): void {
  switch (spec.model) {
    case 'bigram':
      writeBigram(graph, spec);
      break;
    case 'gpt':
      writeGPT(graph, spec);
      break;
    case 'lecture':
      writeLecture(graph, spec);
      break;
    case 'modern':
      writeModern(graph, spec);
      break;
  }
}
