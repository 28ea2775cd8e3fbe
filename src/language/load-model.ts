import { createDevice, type DeviceOptions } from '../engine/devices/create.ts';
import type { Device } from '../engine/devices/device.ts';
import { NanobardError } from '../engine/errors.ts';
import { loadParameters } from './formats/load-parameters.ts';
import { decodeModel } from './formats/model-file.ts';
import { createModel } from './models/create.ts';
import { TextModel } from './text-model.ts';

/**
 * Where a model is: an address (of a model file, or of a folder that ends with a slash), a file that a user has chosen
 * or several of which one is the model, or its bytes.
 */
export type ModelSource = string | URL | Blob | Iterable<File> | ArrayBuffer | Uint8Array;

/** A device to load a model onto, which stays the caller's; or how to create one, which becomes the model's. */
export type LoadOptions = Omit<DeviceOptions, 'device'> & {
  readonly device?: Device | DeviceOptions['device'];
};

/** The file of a folder that `loadModel` opens. */
export const MODEL_FILE = 'model.safetensors';

/**
 * Opens a model that nanobard has saved, wherever it was trained.
 *
 * @throws {NanobardError} code `network` if an address does not answer, `checkpoint` if what is there is not a model,
 *   `memory` if it does not fit.
 */
export async function loadModel(source: ModelSource, options: LoadOptions = {}): Promise<TextModel> {
  const { spec, tokenizer, tensors, step } = decodeModel(await bytesOf(source));
  const network = createModel(spec);
  const { device: where, ...rest } = options;
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

async function bytesOf(source: ModelSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  if (typeof source === 'string' || source instanceof URL) return fetchBytes(String(source));
  const files = Symbol.iterator in Object(source) ? [...source] : [];
  const file =
    files.find(({ name }) => name === MODEL_FILE) ?? files.find(({ name }) => /\.safetensors$/.test(name));
  if (file) return new Uint8Array(await file.arrayBuffer());
  const message = 'loadModel: the source is not an address, a file, files or bytes of a model';
  throw new NanobardError('argument', message, {
    hint: `A model is one file, ${MODEL_FILE}, or a folder or list of files that holds it.`,
  });
}

async function fetchBytes(address: string): Promise<Uint8Array> {
  const url = address.endsWith('/') ? `${address}${MODEL_FILE}` : address;
  const response = await fetch(url).catch((cause: unknown) => {
    throw new NanobardError('network', `${url} could not be fetched: ${(cause as Error).message}`, { cause });
  });
  if (!response.ok) {
    throw new NanobardError('network', `${url} could not be fetched: the server answered ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
