// Every reader of files, a line each. `npm test` gives each of them 10,000 damaged files, `npm run fuzz` a million.

import { ReferenceDevice } from '../engine/devices/reference/reference-device.ts';
import { Generator } from '../engine/tensor/generator.ts';
import { CharTokenizer, tokenizerFromJSON } from '../language/data/tokenizer.ts';
import { encodeModel } from '../language/formats/model-file.ts';
import { decodeSafetensors, encodeSafetensors, toFloat32 } from '../language/formats/safetensors.ts';
import { loadModel } from '../language/load-model.ts';
import { createModel, type ModelSpec } from '../language/models/create.ts';
import { recipes } from '../language/recipes/recipes.ts';
import { createTraining } from '../language/recipes/training.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../language/train/checkpoint.ts';
import { decodeJSON } from '../node/files.ts';
import { linesUpTo } from '../node/runs/metrics.ts';
import { decodeRunConfig } from '../node/runs/run-config.ts';
import type { Reader } from './fuzz.ts';

const tokenizer = CharTokenizer.fromText('to be\n');
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const small = { nLayer: 1, nHead: 1, nEmbd: 2, blockSize: 2, vocabSize: tokenizer.vocabSize };
const specs: readonly ModelSpec[] = [
  { ...small, model: 'bigram' },
  { ...small, model: 'gpt', dropout: 0, bias: true },
  { ...small, model: 'lecture', dropout: 0 },
  { ...small, model: 'modern', dropout: 0, ngramOrder: 2, ngramRows: 2 },
];

/** A model's file, of few bytes. */
function modelFile(spec: ModelSpec): Uint8Array {
  const parameters = [...createModel(spec).namedParameters()];
  const tensors = parameters.map(
    ([name, { shape, size }]) => [name, { shape, data: new Float32Array(size) }] as const,
  );
  return encodeModel({ spec, tokenizer, tensors: new Map(tensors), step: 3 });
}

function checkpoint(): Uint8Array {
  const stream = new Generator(1).getState();
  const progress = {
    step: 3,
    drawn: true,
    evaluated: true,
    bestVal: 2,
    bestStep: 1,
    evalsSinceBest: 0,
    restores: 0,
    trainSeconds: 3,
  };
  const tensors = new Map([
    ['w', { shape: [2, 1], data: Float32Array.of(1, 2) }],
    ['batch.x', { shape: [2], data: Int32Array.of(1, 2) }],
  ]);
  return encodeCheckpoint({
    progress: { ...progress, streams: { data: { drawn: 7 }, evaluation: stream } },
    tensors,
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
    files: () => specs.map(modelFile),
    read: (bytes) => loadModel(bytes, { device }),
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
    files: () => [bytesOf(tokenizer), bytesOf(CharTokenizer.fromText('永🎭é\u2028'))],
    read: (bytes) => decodeJSON(bytes, 'tokenizer.json', tokenizerFromJSON),
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
