import { NanobardError } from '../../../engine/errors.ts';
import { createModel } from '../../models/create.ts';
import { parseJSON, type ReadFile } from '../folder.ts';
import { checkParameters } from '../load-parameters.ts';
import { checkSize, type ModelFile } from '../model-file.ts';
import { shortened } from '../shortened.ts';
import { readConfig } from './config.ts';
import { readTokenizer } from './tokenizer.ts';
import { readWeights } from './weights.ts';

/**
 * The model of a folder as transformers saves GPT-2: `config.json`, `model.safetensors` or an index and its shards (f32,
 * f16 or bf16), and `tokenizer.json` or `vocab.json` with `merges.txt`. Rows of the table of embeddings beyond the
 * tokenizer's vocabulary, which some models have to make it a round number, are left out.
 *
 * @throws {NanobardError} code `checkpoint`, naming what is missing, damaged or not supported.
 */
export async function importHuggingFace(read: ReadFile): Promise<ModelFile> {
  const config = await read('config.json');
  if (!config) throw new NanobardError('checkpoint', 'the folder holds no config.json');
  const { spec, tied } = readConfig(parseJSON('config.json', config));
  const tokenizer = await readTokenizer(read);
  const tensors = await readWeights(read, tied);
  const { vocabSize } = tokenizer;
  if (vocabSize > spec.vocabSize) {
    const message = `the tokenizer has ${vocabSize} tokens, more than the ${spec.vocabSize} of the model`;
    throw new NanobardError('checkpoint', message, { hint: 'They are of different models.' });
  }
  checkSize({ spec, tokenizer, tensors });
  const known = createModel(spec).namedParameters();
  checkParameters(known, tensors);
  const foreign = [...tensors.keys()].find((name) => !known.has(name));
  if (foreign !== undefined) {
    throw new NanobardError('checkpoint', `the model has a tensor ${foreign}, which GPT-2 does not have`, {
      hint: 'Adapters and heads for other tasks are not supported.',
    });
  }
  return shortened({ spec, tokenizer, tensors }, { vocabSize });
}
