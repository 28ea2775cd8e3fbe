// Models with random weights, for tests of the forms in which they are stored.
import { CharTokenizer } from '../language/data/tokenizer/char.ts';
import type { Tokenizer } from '../language/data/tokenizer/tokenizer.ts';
import type { ModelFile } from '../language/formats/model-file.ts';
import { createModel, type ModelSpec } from '../language/models/create.ts';
import { values } from './check.ts';

type WithoutVocabulary<S> = S extends unknown ? Omit<S, 'vocabSize'> : never;

/** A model whose weights are all different, of about the size of `scale`. */
export function randomModelFile(
  shape: WithoutVocabulary<ModelSpec>,
  {
    tokenizer = CharTokenizer.fromText('to be,\n'),
    scale = 0.2,
  }: { tokenizer?: Tokenizer; scale?: number } = {},
): ModelFile {
  const spec: ModelSpec = { ...shape, vocabSize: tokenizer.vocabSize };
  const parameters = [...createModel(spec).namedParameters()];
  const tensors = parameters.map(([name, { shape }], i) => [name, values(shape, i + 1, scale)] as const);
  return { spec, tokenizer, tensors: new Map(tensors) };
}
