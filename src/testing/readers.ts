// Every reader of files, a line each. `npm test` gives each of them 10,000 damaged files, `npm run fuzz` a million.

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { ReferenceDevice } from '../engine/devices/reference/reference-device.ts';
import { Generator } from '../engine/tensor/generator.ts';
import { BpeTokenizer } from '../language/data/tokenizer/bpe.ts';
import { trainBpe } from '../language/data/tokenizer/bpe-trainer.ts';
import { ByteTokenizer } from '../language/data/tokenizer/bytes.ts';
import { CharTokenizer } from '../language/data/tokenizer/char.ts';
import { toHuggingFace } from '../language/data/tokenizer/huggingface.ts';
import { tokenizerFromJSON } from '../language/data/tokenizer/tokenizer.ts';
import { exportModel } from '../language/formats/export.ts';
import { parseJSON } from '../language/formats/folder.ts';
import { exportGGUF } from '../language/formats/gguf/export.ts';
import { importGGUF } from '../language/formats/gguf/import.ts';
import { readConfig } from '../language/formats/huggingface/config.ts';
import { importHuggingFace } from '../language/formats/huggingface/import.ts';
import { shardNames } from '../language/formats/huggingface/weights.ts';
import { encodeModel, type WeightType } from '../language/formats/model-file.ts';
import { decodeSafetensors, encodeSafetensors, toFloat32 } from '../language/formats/safetensors.ts';
import { loadModel } from '../language/load-model.ts';
import { createModel, type ModelSpec } from '../language/models/create.ts';
import { recipes } from '../language/recipes/recipes.ts';
import { createTraining } from '../language/recipes/training.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../language/train/checkpoint.ts';
import { readDocuments } from '../node/documents.ts';
import { decodeJSON } from '../node/files.ts';
import { decodeTokenizer } from '../node/load-tokenizer.ts';
import { linesUpTo } from '../node/runs/metrics.ts';
import { decodeRunConfig } from '../node/runs/run-config.ts';
import { decodeTokens } from '../node/token-files.ts';
import type { Reader } from './fuzz.ts';
import { randomModelFile } from './model-file.ts';
import { progressAt } from './progress.ts';

const tokenizer = CharTokenizer.fromText('to be\n');
const bpe = trainBpe(['to be or not to be'], { vocabSize: 262 });
/** A vocabulary in an order of its own. */
const renumbered = new BpeTokenizer({
  merges: [[2, 1]],
  tokens: ['b', 'a', 'Ġ', 'Ġa'],
  special: { '<|endoftext|>': 4 },
});
/** As others have it: other patterns, a normal form, a token that begins documents. */
const foreign = new BpeTokenizer({
  ...{ merges: [[2, 1]], tokens: ['b', 'a', 'Ġ', 'Ġa', 't', 'o', 'e'], special: { '<s>': 7 }, begin: '<s>' },
  ...{ patterns: ["(?i:'s)?+|[^\\s\\p{L}&&[^a-c\\d]]{1,3}|\\s+(?!\\S)", '^\\p{Han}$'], normalForm: 'NFC' },
});
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const small = { nLayer: 1, nHead: 1, nEmbd: 2, blockSize: 2, vocabSize: tokenizer.vocabSize };
const specs: readonly ModelSpec[] = [
  { ...small, model: 'bigram' },
  { ...small, model: 'gpt', dropout: 0, bias: true },
  { ...small, model: 'lecture', dropout: 0 },
  { ...small, model: 'modern', dropout: 0, ngramOrder: 2, ngramRows: 2 },
];

/** A model's file, of few bytes. */
function modelFile(spec: ModelSpec, dtype: WeightType = 'f32'): Uint8Array {
  const parameters = [...createModel(spec).namedParameters()];
  const tensors = parameters.map(
    ([name, { shape, size }]) => [name, { shape, data: new Float32Array(size) }] as const,
  );
  return encodeModel({ spec, tokenizer, tensors: new Map(tensors), step: 3 }, dtype);
}

const folder = exportModel(randomModelFile({ ...small, model: 'gpt', dropout: 0, bias: true }), 'hf', 'f16');

/** A file of a model in Hugging Face's form. */
async function huggingFace(name: string): Promise<Uint8Array> {
  const data = (await folder).find((file) => file.name === name)?.data ?? '';
  return typeof data === 'string' ? Buffer.from(data) : data;
}

/** Of characters and of bytes, in all types of weights. */
const ggufFiles = (): Uint8Array[] =>
  [tokenizer, new ByteTokenizer()].flatMap((each) => {
    const shape = { ...small, nEmbd: 4, model: 'gpt', dropout: 0, bias: true } as const;
    const model = randomModelFile(shape, { tokenizer: each });
    return (['f32', 'f16', 'q8'] as const).flatMap((dtype) =>
      exportGGUF(model, { dtype }).map(({ data }) => Buffer.from(data)),
    );
  });

function checkpoint(): Uint8Array {
  const streams = { data: { drawn: 7 }, evaluation: new Generator(1).getState() };
  return encodeCheckpoint({
    progress: progressAt(3, { drawn: true, streams }),
    tensors: new Map([
      ['w', { shape: [2, 1], data: Float32Array.of(1, 2) }],
      ['batch.x', { shape: [2], data: Int32Array.of(1, 2) }],
    ]),
  });
}

/** The header's length, 8 bytes, then header and data. */
const safetensorsParts: Reader['parts'] = {
  split(bytes) {
    const end = 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    return [bytes.subarray(8, end), bytes.subarray(end)];
  },
  join([header = new Uint8Array(), data = new Uint8Array()]) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, header, data]);
  },
};

/** In all codecs and encodings. */
const fixtures = new URL('../node/fixtures/', import.meta.url);
const parquetFiles = [
  'documents.parquet',
  ...readdirSync(new URL('parquet/', fixtures))
    .sort()
    .map((name) => `parquet/${name}`),
].map((name) => readFileSync(new URL(name, fixtures)));

const device = new ReferenceDevice();

/** A training that goes on from whatever state it is given. */
const { trainer } = await createTraining({
  ...{ recipe: 'fast', text: 'to be or not to be, that is the question\n', device },
  ...{ nLayer: 1, nHead: 1, nEmbd: 2, blockSize: 2, batchSize: 1, ngramOrder: 2, ngramRows: 2 },
});

export const readers: readonly Reader[] = [
  {
    name: 'safetensors',
    files: () => [
      encodeSafetensors(
        new Map([
          ['a', { dtype: 'F64', shape: [1, 2], data: Float64Array.of(1, 2) }],
          ['b', { dtype: 'F16', shape: [3], data: Uint16Array.of(1, 2, 3) }],
          ['c', { dtype: 'BF16', shape: [], data: Uint16Array.of(1) }],
          ['d', { dtype: 'F32', shape: [2, 0], data: new Float32Array() }],
        ]),
        { note: 'x' },
      ),
    ],
    read: (bytes) => [...decodeSafetensors(bytes).tensors.values()].map(toFloat32),
    parts: safetensorsParts,
  },
  {
    name: 'model',
    files: () => [...specs.map((spec) => modelFile(spec)), modelFile(specs[1]!, 'q8')],
    read: (bytes) => loadModel(bytes, { device }),
    parts: safetensorsParts,
  },
  { name: 'gguf', files: ggufFiles, read: importGGUF },
  {
    name: 'hugging face config',
    files: async () => [await huggingFace('config.json')],
    read: (bytes) => readConfig(parseJSON('config.json', bytes)),
  },
  {
    name: 'hugging face index',
    files: () => [
      bytesOf({ metadata: { total_size: 8 }, weight_map: { 'h.0.ln_1.bias': 'model-1.safetensors' } }),
    ],
    read: shardNames,
  },
  {
    name: 'hugging face weights',
    files: async () => [await huggingFace('model.safetensors')],
    read: (bytes) =>
      importHuggingFace(async (name) => (name === 'model.safetensors' ? bytes : huggingFace(name))),
    parts: safetensorsParts,
  },
  { name: 'checkpoint', files: () => [checkpoint()], read: decodeCheckpoint, parts: safetensorsParts },
  {
    name: 'resume',
    files: async () => [encodeCheckpoint(await trainer.state())],
    async read(bytes) {
      await trainer.restore(decodeCheckpoint(bytes));
      trainer.nextBatches();
    },
    parts: safetensorsParts,
  },
  {
    name: 'tokenizer',
    files: () => [
      bytesOf(tokenizer),
      bytesOf(CharTokenizer.fromText('永🎭é\u2028')),
      bytesOf(bpe),
      bytesOf(renumbered),
      bytesOf(foreign),
    ],
    read: (bytes) => decodeJSON(bytes, 'tokenizer.json', tokenizerFromJSON),
  },
  {
    name: 'huggingface',
    files: () => [tokenizer, bpe, foreign].map((each) => bytesOf(toHuggingFace(each, 8).tokenizer)),
    read: (bytes) => decodeTokenizer(bytes, 'tokenizer.json').encode('to be'),
  },
  {
    name: 'documents',
    files: () => [
      gzipSync('{"text": "to be"}\n{"text": "or not", "n": [1]}\n'),
      Buffer.from('{"text": "to be"}\n"or not"\n'),
      Buffer.from('\ufeff{"text": "To be 🎭"}', 'utf16le'),
      ...parquetFiles,
    ],
    read: (bytes) => readDocuments(Buffer.from(bytes), 'a.jsonl', 'a.jsonl'),
  },
  {
    name: 'tokens',
    files: () => [Buffer.from(Uint16Array.of(1, 2, 3, 4, 0).buffer)],
    read: (bytes) => decodeTokens(bytes, tokenizer.vocabSize, 'train.bin'),
  },
  {
    name: 'config',
    files: () =>
      Object.values(recipes).map(({ recipe }) =>
        bytesOf({
          nanobard: '1.2.3',
          recipeName: 'mine',
          recipe,
          data: { source: '../a.txt', name: 'a.txt', sha256: 'ab', characters: 14 },
          policy: { keep: 3, patience: 2, onDivergence: 'restore' },
        }),
      ),
    read: (bytes) => decodeRunConfig(bytes, 'config.json'),
  },
  {
    name: 'metrics',
    files: () => [
      Buffer.from(
        '{"type":"start","step":0}\n{"type":"step","step":1,"loss":2.5}\n{"type":"eval","step":1}\n',
      ),
    ],
    read: (bytes) => linesUpTo(Buffer.from(bytes).toString(), { step: 1, evaluated: false }),
  },
];
