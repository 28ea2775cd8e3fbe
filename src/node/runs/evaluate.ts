import { NanobardError } from '../../engine/errors.ts';
import { Dataset } from '../../language/data/dataset.ts';
import { encodeDocuments, sizeInText } from '../../language/data/documents.ts';
import type { LoadOptions } from '../../language/load-model.ts';
import { anything, checkOptions, deviceRules } from '../../language/options.ts';
import { Evaluator } from '../../language/train/evaluator.ts';
import { loadCorpus, type TextSource } from '../corpus.ts';
import { isModelAlone, loadModel } from '../load-model.ts';
import { RunFolder } from './run-folder.ts';

export type EvaluateOptions = LoadOptions & {
  /**
   * The text that the run was trained on, where it is no longer where it was; known by its SHA-256. Of a model without a
   * run, any text, whose last tenth is measured.
   */
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

/** Windows that are measured at once, of a model without a recipe. */
const BATCH = 8;

/**
 * The loss of a run's model over the whole validation split of the text that the run was trained on; or of a model
 * without a run, wherever `loadModel` opens one, over that of the text `data`.
 *
 * @throws {NanobardError} code `run-folder` if there is no run or no model yet, `file` or `run-folder` if the text is
 *   missing or another one.
 */
export async function evaluateRun(path: string, options: EvaluateOptions = {}): Promise<Evaluation> {
  checkOptions('evaluateRun', options, { ...deviceRules, device: anything, data: anything });
  const { data, ...where } = options;
  const folder = (await isModelAlone(path)) ? undefined : await RunFolder.open(path);
  const found = folder ? await folder.loadData(data) : undefined;
  const model = await loadModel(path, where);
  try {
    const { tokenizer, network } = model;
    const { text } = found ? found.content : { text: (await loadCorpus(given(path, data))).documents };
    const tokens = found?.content.tokens ?? encodeDocuments(tokenizer, text ?? []);
    const dataset = new Dataset(tokens, network.blockSize);
    const batchSize = folder?.config.recipe.batchSize ?? BATCH;
    const evaluator = await Evaluator.create(model.network, dataset, model.device, batchSize);
    return {
      ...(await evaluator.wholeSplit('validation')),
      ...sizeInText(tokenizer, dataset.validation),
      step: model.step ?? 0,
      notes: model.device.notes,
    };
  } finally {
    found?.close();
    await model.dispose();
  }
}

/** The text for a model that tells nothing of the one it was trained on. */
function given(path: string, data: TextSource | undefined): TextSource {
  if (data !== undefined) return data;
  throw new NanobardError(
    'argument',
    `${path} is a model without a run, which does not say what text to measure it on`,
    {
      hint: 'Give a text.',
      options: ['data'],
    },
  );
}
