import { NanobardError } from '../../engine/errors.ts';
import { createModel, type ModelSpec } from '../models/create.ts';
import { didYouMean, shown } from '../options.ts';
import { exportGGUF } from './gguf/export.ts';
import { exportHuggingFace } from './huggingface/export.ts';
import { checkParameters } from './load-parameters.ts';
import { encodeModel, MODEL_FILE, type ModelFile, type WeightType } from './model-file.ts';
import { exportNanoGPT } from './nanogpt/export.ts';
import { exportONNX } from './onnx/export.ts';

/** A file of an exported model: its path within the folder, with slashes, and its contents. */
export interface ExportedFile {
  readonly name: string;
  readonly data: Uint8Array | string;
}

/** Writes a model in another program's form. Pure: the same model gives the same bytes, in a page as in Node. */
export type Exporter = (model: ModelFile, options: { readonly dtype: WeightType }) => readonly ExportedFile[];

interface ExportFormat {
  /** How weights can be stored; the first is the default. */
  readonly dtypes: readonly [WeightType, ...WeightType[]];
  /** The models that the other side can run. */
  readonly models: readonly ModelSpec['model'][];
  readonly write: Exporter;
}

/** What models can be exported to. */
export const exportFormats = {
  nanobard: {
    dtypes: ['f32', 'f16', 'q8'],
    models: ['gpt', 'modern', 'lecture', 'bigram'],
    write: (model, { dtype }) => [{ name: MODEL_FILE, data: encodeModel(model, dtype) }],
  },
  hf: {
    dtypes: ['f32', 'f16'],
    models: ['gpt'],
    write: exportHuggingFace,
  },
  onnx: {
    dtypes: ['f32', 'f16', 'q8'],
    models: ['gpt', 'modern', 'lecture', 'bigram'],
    write: exportONNX,
  },
  gguf: {
    dtypes: ['f32', 'f16', 'q8'],
    models: ['gpt'],
    write: exportGGUF,
  },
  nanogpt: {
    dtypes: ['f32', 'f16'],
    models: ['gpt'],
    write: exportNanoGPT,
  },
} as const satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof exportFormats;

/**
 * The files of a model in another form: `hf`, a folder of Hugging Face's transformers; `onnx`, one of transformers.js,
 * with a file for any ONNX runtime; `gguf`, a file for llama.cpp; `nanogpt`, with scripts for its checkpoints;
 * `nanobard`, the model file of `loadModel`.
 *
 * @throws {NanobardError} code `argument` if there is no such format, or it has no such type of weights; `config` if
 *   the other side cannot run the model; `checkpoint` if it lacks weights.
 */
export function exportModel(
  model: ModelFile,
  to: ExportFormatName | (string & {}),
  dtype?: WeightType,
): readonly ExportedFile[] {
  const names = Object.keys(exportFormats);
  const format = Object.hasOwn(exportFormats, to)
    ? (exportFormats as Record<string, ExportFormat>)[to]
    : undefined;
  if (!format) {
    const hint = `${didYouMean(String(to), names)}The formats are ${names.join(', ')}.`;
    throw new NanobardError('argument', `models cannot be exported to ${shown(to)}`, {
      hint,
      options: ['to'],
    });
  }
  const { dtypes, models } = format;
  if (dtype !== undefined && !dtypes.includes(dtype)) {
    throw new NanobardError('argument', `${to} has no weights of the type ${shown(dtype)}`, {
      hint: `It has ${dtypes.join(', ')}.`,
      options: ['dtype'],
    });
  }
  if (!models.includes(model.spec.model)) {
    const others = Object.entries<ExportFormat>(exportFormats).filter(([, other]) =>
      other.models.includes(model.spec.model),
    );
    throw new NanobardError(
      'config',
      `${to} cannot hold a ${model.spec.model} model, only ${models.join(', ')}`,
      {
        hint: `Export it to ${others.map(([name]) => name).join(', ')}, or train one of the recipes for ${models[0]}.`,
        options: ['to'],
      },
    );
  }
  checkParameters(createModel(model.spec).namedParameters(), model.tensors);
  return format.write(model, { dtype: dtype ?? dtypes[0] });
}
