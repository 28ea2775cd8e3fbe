import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { formatShape, sameShape } from '../../../engine/tensor/shape.ts';
import { parsed } from '../../fields.ts';
import { inFile, parseJSON, type ReadFile } from '../folder.ts';
import type { StoredTensor } from '../load-parameters.ts';
import { decodeSafetensors, type SafetensorsTensor, toFloat32 } from '../safetensors.ts';
import type { GPTSpec } from './config.ts';

const PREFIX = 'transformer.';
const HEAD = 'lm_head.weight';
const EMBEDDING = `${PREFIX}wte.weight`;

/** GPT-2's Conv1D has its matrices the other way round, (in, out). */
const CONV1D = /\.(c_attn|c_proj|c_fc)\.weight$/;

/** Masks that older versions of transformers stored among the weights. */
const MASK = /\.attn\.(bias|masked_bias)$/;

const WHOLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Our parameters as GPT-2 has them: matrices of blocks transposed, biases (zeros where there are none), no lm_head. */
export function writeWeights(
  tensors: ReadonlyMap<string, StoredTensor>,
  { bias }: GPTSpec,
): Map<string, StoredTensor> {
  const theirs = new Map<string, StoredTensor>();
  for (const [name, { shape, data }] of tensors) {
    const matrix = CONV1D.test(name);
    theirs.set(name, matrix ? { shape: shape.toReversed(), data: transposed(data, shape) } : { shape, data });
    // Embeddings have no biases; all else has.
    if (bias || !name.endsWith('.weight') || /\.w[tp]e\./.test(name)) continue;
    const [out] = shape as [number];
    theirs.set(name.replace(/weight$/, 'bias'), { shape: [out], data: new Float32Array(out) });
  }
  return theirs;
}

/**
 * The parameters of a folder, by our names. Shards are read one after the other; where weights are f32, tensors that
 * need not be transposed stay in the memory of their file.
 *
 * @throws {NanobardError} code `checkpoint` for damaged files, an index that leads out of the folder, tensors that
 *   GPT-2 does not have, or a head that is not the table of embeddings.
 */
export async function readWeights(read: ReadFile, tied: boolean): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  let head: SafetensorsTensor | undefined;
  for await (const [file, shard] of shards(read)) {
    for (const [name, tensor] of shard) {
      if (MASK.test(name)) continue;
      if (name === HEAD) {
        head = tensor;
        continue;
      }
      const ours = name.startsWith(PREFIX) ? name : `${PREFIX}${name}`;
      if (tensors.has(ours)) throw damaged(`${file}: the tensor ${name} stands in the model twice`);
      const floats = toFloat32(tensor);
      const { shape } = tensor;
      if (!CONV1D.test(ours)) tensors.set(ours, { shape, data: floats });
      else if (shape.length !== 2) throw damaged(`${file}: ${name} is ${formatShape(shape)}, not a matrix`);
      else tensors.set(ours, { shape: shape.toReversed(), data: transposed(floats, shape) });
    }
  }
  if (!tied) requireTied(head, tensors.get(EMBEDDING));
  return tensors;
}

/** A head of its own is not run; one that is stored beside the table, and the same, is fine. */
function requireTied(head: SafetensorsTensor | undefined, table: StoredTensor | undefined): void {
  const same =
    head &&
    table &&
    sameShape(head.shape, table.shape) &&
    toFloat32(head).every((x, i) => x === table.data[i]);
  if (same) return;
  const message = `the model has a head (${HEAD}) of its own, which is not supported: tie_word_embeddings must be true`;
  throw new NanobardError('checkpoint', message, { hint: 'In GPT-2 it is the table of embeddings, wte.' });
}

/** The files that hold the weights, each with its tensors, one in memory at a time. */
async function* shards(
  read: ReadFile,
): AsyncGenerator<[file: string, tensors: Map<string, SafetensorsTensor>]> {
  const whole = await read(WHOLE);
  if (whole) {
    yield [WHOLE, inFile(WHOLE, () => decodeSafetensors(whole)).tensors];
    return;
  }
  const index = await read(INDEX);
  if (!index) {
    throw new NanobardError('checkpoint', `the folder holds neither ${WHOLE} nor ${INDEX}`, {
      hint: "Weights in pickles (.bin, .pt) are not opened: load them in Python and save them with transformers' save_pretrained.",
    });
  }
  for (const name of shardNames(index)) {
    const bytes = await read(name);
    if (!bytes) throw damaged(`${INDEX} names ${name}, which is not there`);
    yield [name, inFile(name, () => decodeSafetensors(bytes)).tensors];
  }
}

const fileName = v.pipe(
  v.string(),
  v.regex(
    /^[\w-][\w.-]*\.safetensors$/,
    ({ received }) => `${received} is not the name of a file in the folder`,
  ),
);
const IndexSchema = v.object({ weight_map: v.record(v.string(), fileName) });

/** The shards that an index names, each once, in order. */
export function shardNames(index: Uint8Array): string[] {
  const { weight_map: files } = parsed(IndexSchema, parseJSON(INDEX, index), (problem, path) =>
    damaged(`${INDEX}: ${path === null ? '' : `${path}: `}${problem}`),
  );
  return [...new Set(Object.values(files))].sort();
}

/** (m, n) → (n, m), a square of cache lines at a time. */
function transposed(data: ArrayLike<number>, shape: readonly number[]): Float32Array {
  const [m, n] = shape as [number, number];
  const result = new Float32Array(m * n);
  const TILE = 32;
  for (let i0 = 0; i0 < m; i0 += TILE) {
    for (let j0 = 0; j0 < n; j0 += TILE) {
      const [i1, j1] = [Math.min(i0 + TILE, m), Math.min(j0 + TILE, n)];
      for (let j = j0; j < j1; j++) for (let i = i0; i < i1; i++) result[j * m + i] = data[i * n + j]!;
    }
  }
  return result;
}

function damaged(problem: string): NanobardError {
  return new NanobardError('checkpoint', problem, {
    hint: 'The folder is damaged or incomplete; copy or download it again.',
  });
}
