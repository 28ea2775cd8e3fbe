import { CharTokenizer } from '../../data/tokenizer/char.ts';
import { toHuggingFace } from '../../data/tokenizer/huggingface.ts';
import type { Tokenizer } from '../../data/tokenizer/tokenizer.ts';
import { END_OF_TEXT } from '../../data/tokenizer/vocabulary.ts';
import type { ModelSpec } from '../../models/create.ts';
import type { Exporter } from '../export.ts';
import type { WeightType } from '../model-file.ts';
import { writeBigram } from './bigram.ts';
import { configOf, generationConfigOf } from './config.ts';
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
  const { tokenizer: file, config } = toHuggingFace(tokenizer, spec.blockSize);
  const endOfText = tokenizer.endOfText ?? null;
  return [
    { name: fileNames[dtype], data: graph.encode(spec.model) },
    { name: 'config.json', data: json(configOf(spec, dtype, endOfText)) },
    { name: 'generation_config.json', data: json(generationConfigOf(endOfText)) },
    { name: 'tokenizer.json', data: json(file) },
    { name: 'tokenizer_config.json', data: json({ pad_token: padToken(tokenizer), ...config }) },
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

/**
 * Batches need a token to fill them up with, which is masked: the end of a text, or else any, as a line break. (By the
 * symbols of byte-level BPE 'Ċ' is that.)
 */
function padToken(tokenizer: Tokenizer): string {
  if (tokenizer.endOfText !== undefined) return END_OF_TEXT;
  if (!(tokenizer instanceof CharTokenizer)) return 'Ċ';
  return tokenizer.characters.includes('\n') ? '\n' : tokenizer.characters[0]!;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
