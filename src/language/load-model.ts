import { createDevice, type DeviceOptions } from '../engine/devices/create.ts';
import type { Device } from '../engine/devices/device.ts';
import { NanobardError } from '../engine/errors.ts';
import { inFile, isHuggingFaceConfig, parseJSON, type ReadFile } from './formats/folder.ts';
import { isGGUF } from './formats/gguf/format.ts';
import { importGGUF } from './formats/gguf/import.ts';
import { importHuggingFace } from './formats/huggingface/import.ts';
import { loadParameters } from './formats/load-parameters.ts';
import { decodeModel, isModelFile, MODEL_FILE, type ModelFile } from './formats/model-file.ts';
import { createModel } from './models/create.ts';
import { quantizeLinear } from './nn/quantize.ts';
import { TextModel } from './text-model.ts';

/**
 * Where a model is: an address (of a model file, or of a folder that ends with a slash), a file that a user has chosen
 * or several that a folder holds, or its bytes. A folder holds a model file of nanobard, or what Hugging Face's
 * transformers save.
 */
export type ModelSource = string | URL | Blob | Iterable<File> | ArrayBuffer | Uint8Array;

/** A device to load a model onto, which stays the caller's; or how to create one, which becomes the model's. */
export type LoadOptions = Omit<DeviceOptions, 'device'> & {
  readonly device?: Device | DeviceOptions['device'];
};

/** The file of folders that `exportModel` makes for llama.cpp. */
const GGUF_FILE = 'model.gguf';

/**
 * Opens a model that nanobard has saved, wherever it was trained, or a GPT-2 in a folder of Hugging Face. What was saved in
 * 8 bits is kept and computed with so on the CPU, by linear layers; other devices hold it as f32.
 *
 * @throws {NanobardError} code `network` if an address does not answer, `checkpoint` if what is there is not a model,
 *   `memory` if it does not fit.
 */
export async function loadModel(source: ModelSource, options: LoadOptions = {}): Promise<TextModel> {
  return placeModel(await openModel(source), options);
}

/**
 * The parts of a model: what it is, its tokenizer and its weights, as `exportModel` and `createTraining` take them.
 *
 * @throws {NanobardError} code `network` or `checkpoint`, as `loadModel`.
 */
export async function openModel(source: ModelSource): Promise<ModelFile> {
  if (source instanceof Uint8Array) return openFile(source);
  if (source instanceof ArrayBuffer) return openFile(new Uint8Array(source));
  if (source instanceof Blob) return openFile(await bytesOf(source));
  if (typeof source === 'string' || source instanceof URL) {
    const address = String(source);
    const found = address.endsWith('/')
      ? await openFolder((name) => fetchBytes(`${address}${name}`))
      : await fetchBytes(address).then((bytes) => bytes && openFile(bytes));
    if (found) return found;
    throw new NanobardError('network', `there is no model at ${address}: the server answered 404`);
  }
  const files = Symbol.iterator in Object(source) ? [...source] : [];
  const named = (name: string): File | undefined => files.find((file) => file.name === name);
  const model = named(MODEL_FILE) ?? files.find(({ name }) => /\.(safetensors|gguf)$/.test(name));
  if (model && !named('config.json')) return openFile(await bytesOf(model));
  const found = await openFolder(async (name) => {
    const file = named(name);
    return file && bytesOf(file);
  });
  if (found) return found;
  const message = 'loadModel: the source is not an address, a file, files or bytes of a model';
  throw new NanobardError('argument', message, {
    hint: `A model is one file, ${MODEL_FILE}, or a folder or list of files that holds it.`,
  });
}

/**
 * The model of a file: nanobard's own, or a GGUF of GPT-2's architecture.
 *
 * @throws {NanobardError} code `checkpoint` if it is damaged or of a kind that is not supported.
 */
export async function openFile(bytes: Uint8Array): Promise<ModelFile> {
  if (!isGGUF(bytes)) return decodeModel(bytes);
  return importGGUF(bytes);
}

/**
 * The model of a folder; undefined if there is none.
 *
 * @throws {NanobardError} code `checkpoint` if it is damaged or of a kind that is not supported.
 */
export async function openFolder(read: ReadFile): Promise<ModelFile | undefined> {
  const bytes = await read(MODEL_FILE);
  const ours = (): ModelFile | undefined => bytes && inFile(MODEL_FILE, () => decodeModel(bytes));
  if (bytes && inFile(MODEL_FILE, () => isModelFile(bytes))) return ours();
  const config = await read('config.json');
  if (config !== undefined && isHuggingFaceConfig(parseJSON('config.json', config))) {
    return importHuggingFace((name) => (name === MODEL_FILE ? Promise.resolve(bytes) : read(name)));
  }
  const gguf = bytes ? undefined : await read(GGUF_FILE);
  return gguf ? openFile(gguf) : ours();
}

/** Makes a model of its parts, on a device. */
export async function placeModel(
  { spec, tokenizer, tensors, step, quantized }: ModelFile,
  { device: where, ...rest }: LoadOptions,
): Promise<TextModel> {
  const network = createModel(spec);
  if (quantized) quantizeLinear(network);
  const ownsDevice = where === undefined || typeof where === 'string';
  const device = ownsDevice ? await createDevice({ ...rest, ...(where && { device: where }) }) : where;
  try {
    await loadParameters(network.namedParameters(), tensors, device);
  } catch (error) {
    if (ownsDevice) await device.dispose();
    throw error;
  }
  return new TextModel(network, tokenizer, device, { ownsDevice, step });
}

const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());

/** Undefined if there is nothing at the address. */
async function fetchBytes(url: string): Promise<Uint8Array | undefined> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new NanobardError('network', `${url} could not be fetched: ${(cause as Error).message}`, { cause });
  });
  if (response.status === 404) return undefined;
  if (!response.ok) {
    throw new NanobardError('network', `${url} could not be fetched: the server answered ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
