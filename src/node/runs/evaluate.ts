import { Dataset } from '../../language/data/dataset.ts';
import { encodeDocuments, sizeInText } from '../../language/data/documents.ts';
import type { LoadOptions } from '../../language/load-model.ts';
import { anything, checkOptions, deviceRules } from '../../language/options.ts';
import { Evaluator } from '../../language/train/evaluator.ts';
import type { TextSource } from '../corpus.ts';
import { loadModel } from '../load-model.ts';
import { RunFolder } from './run-folder.ts';

export type EvaluateOptions = LoadOptions & {
  /** The text that the run was trained on, where it is no longer where it was; known by its SHA-256. */
  readonly data?: TextSource | undefined;
};

/** How well a run's model predicts. */
export interface Evaluation {
  /** Mean cross entropy, in nats per token. */
  readonly loss: number;
  /** Tokens that were predicted. */
  readonly tokens: number;
  /** The text that these tokens are, in bytes of UTF-8 and in characters. */
  readonly bytes: number;
  readonly characters: number;
  /** Steps that the model was trained for. */
  readonly step: number;
  /** What the device had to say: see `Device.notes`. */
  readonly notes: readonly string[];
}

/**
 * The loss of a run's model over the whole validation split of the text that the run was trained on.
 *
 * @throws {NanobardError} code `run-folder` if there is no run or no model yet, `file` or `run-folder` if the text is
 *   missing or another one.
 */
export async function evaluateRun(path: string, options: EvaluateOptions = {}): Promise<Evaluation> {
  checkOptions('evaluateRun', options, { ...deviceRules, device: anything, data: anything });
  const { data, ...where } = options;
  const folder = await RunFolder.open(path);
  const { content, close } = await folder.loadData(data);
  const model = await loadModel(path, where);
  try {
    const { blockSize, batchSize } = folder.config.recipe;
    const { tokenizer, tokens = encodeDocuments(tokenizer, content.text ?? []) } = content;
    const dataset = new Dataset(tokens, blockSize);
    const evaluator = await Evaluator.create(model.network, dataset, model.device, batchSize);
    return {
      ...(await evaluator.wholeSplit('validation')),
      ...sizeInText(tokenizer, dataset.validation),
      step: model.step ?? 0,
      notes: model.device.notes,
    };
  } finally {
    close();
    await model.dispose();
  }
}
