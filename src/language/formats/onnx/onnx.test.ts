import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../../engine/errors.ts';
import { randomModelFile } from '../../../testing/model-file.ts';
import { trainBpe } from '../../data/tokenizer/bpe-trainer.ts';
import { CharTokenizer } from '../../data/tokenizer/char.ts';
import { exportModel } from '../export.ts';
import type { ModelFile, WeightType } from '../model-file.ts';
import { toFloat32 } from '../safetensors.ts';
import { exportONNX } from './export.ts';
import { Message } from './protobuf.ts';

const small = { nLayer: 2, nHead: 2, nEmbd: 8, blockSize: 6, dropout: 0 };
const models = {
  gpt: randomModelFile({ ...small, model: 'gpt', bias: false }),
  'gpt with biases': randomModelFile({ ...small, model: 'gpt', bias: true, activation: 'gelu_tanh' }),
  // As long a block as the vocabulary: numbers that are the same, and of different ranks.
  'gpt with equal sizes': randomModelFile({ ...small, blockSize: 7, model: 'gpt', bias: true }),
  modern: randomModelFile({ ...small, model: 'modern', ngramOrder: 3, ngramRows: 16 }),
  'modern without tables': randomModelFile({ ...small, model: 'modern', ngramOrder: 1, ngramRows: 1 }),
  lecture: randomModelFile({ ...small, model: 'lecture' }),
  bigram: randomModelFile({ model: 'bigram', blockSize: 6 }),
};

/** The fields of a message: numbers, or bytes. Written from the format's description alone. */
function fieldsOf(bytes: Uint8Array): Map<number, (bigint | Uint8Array)[]> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, kind] = [key >> 3, key & 7];
    let value: bigint | Uint8Array;
    if (kind === 0) value = varint();
    else {
      const length = kind === 5 ? 4 : Number(varint());
      value = bytes.subarray(at, at + length);
      at += length;
    }
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

class Parsed {
  private readonly fields: Map<number, (bigint | Uint8Array)[]>;

  constructor(bytes: Uint8Array) {
    this.fields = fieldsOf(bytes);
  }

  ints = (field: number): bigint[] =>
    (this.fields.get(field) ?? []).filter((value) => typeof value === 'bigint');
  bytes = (field: number): Uint8Array[] =>
    (this.fields.get(field) ?? []).filter((value) => value instanceof Uint8Array);
  texts = (field: number): string[] => this.bytes(field).map((bytes) => new TextDecoder().decode(bytes));
  messages = (field: number): Parsed[] => this.bytes(field).map((bytes) => new Parsed(bytes));
}

function fileOf(model: ModelFile, dtype: WeightType = 'f32'): Uint8Array {
  const [file] = exportONNX(model, { dtype });
  if (!(file?.data instanceof Uint8Array)) throw new Error('no file');
  return file.data;
}

const graphOf = (model: ModelFile, dtype?: WeightType): Parsed =>
  new Parsed(fileOf(model, dtype)).messages(7)[0]!;

/** Names of what the graph's messages of a field are called. */
const named = (graph: Parsed, field: number, name = 1): string[] =>
  graph.messages(field).map((message) => message.texts(name)[0]!);

const [NODES, TENSORS, INPUTS, OUTPUTS] = [1, 5, 11, 12];

describe('protocol buffers', () => {
  it('come back as they were written', () => {
    const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), number, fc.string(), (field, value, text) => {
        const inner = new Message().text(1, text).float(2, 0.1);
        const parsed = new Parsed(new Message().int(field, value).message(16, inner).encode());
        expect(BigInt.asIntN(64, parsed.ints(field)[0]!)).toBe(value);
        const [message] = parsed.messages(16);
        expect(message!.texts(1)).toEqual([text]);
        expect(new DataView(message!.bytes(2)[0]!.slice().buffer).getFloat32(0, true)).toBeCloseTo(0.1);
      }),
    );
  });
});

describe.each(Object.entries(models))('ONNX of %s', (name, model) => {
  it('is a graph in which everything is there before it is used, once, and under a name', () => {
    for (const dtype of ['f32', 'f16', 'q8'] as const) {
      const graph = graphOf(model, dtype);
      const known = new Set([...named(graph, TENSORS, 8), ...named(graph, INPUTS)]);
      const used = new Set<string>();
      for (const node of graph.messages(NODES)) {
        for (const input of node.texts(1)) {
          expect(known, `${dtype}: ${node.texts(3)}`).toContain(input);
          used.add(input);
        }
        for (const output of node.texts(2)) {
          expect(known.has(output), output).toBe(false);
          known.add(output);
        }
      }
      expect(new Set(named(graph, NODES, 3)).size).toBe(graph.messages(NODES).length);
      for (const output of named(graph, OUTPUTS)) expect(known).toContain(output);
      const unused = [...named(graph, TENSORS, 8), ...named(graph, INPUTS)].filter((each) => !used.has(each));
      expect(unused).toEqual([]);
    }
  });

  it('gives axes and shapes as lists, all else of one number as scalars', () => {
    const graph = graphOf(model);
    const ranks = new Map(
      graph.messages(TENSORS).map((tensor) => [tensor.texts(8)[0]!, tensor.ints(1).length] as const),
    );
    const lists = new Set(['Concat', 'Reshape', 'Squeeze', 'Unsqueeze', 'ReduceMean', 'Pad']);
    const constant = (input: string): boolean => /^(int64|float)\//.test(input);
    for (const node of graph.messages(NODES)) {
      const [operator] = node.texts(4);
      for (const input of node.texts(1).filter(constant)) {
        expect(ranks.get(input), `${node.texts(3)}: ${input}`).toBe(lists.has(operator!) ? 1 : 0);
      }
    }
  });

  it('has the inputs, outputs and cache that transformers.js passes on', () => {
    const graph = graphOf(model);
    const entries = named(graph, INPUTS).filter((each) => each.startsWith('past_key_values.'));
    expect(named(graph, OUTPUTS)).toEqual(
      expect.arrayContaining([
        'logits',
        ...entries.map((each) => each.replace('past_key_values', 'present')),
      ]),
    );
    const whole = name === 'bigram' ? ['input_ids'] : ['input_ids', 'attention_mask', 'position_ids'];
    expect(named(graph, INPUTS)).toEqual(expect.arrayContaining(whole));
    const { nLayer = 0, ngramOrder = 1 } = model.spec as { nLayer?: number; ngramOrder?: number };
    expect(entries.length).toBe(2 * nLayer + (ngramOrder > 1 ? 1 : 0));
    const files = new Map(exportONNX(model, { dtype: 'f32' }).map(({ name, data }) => [name, String(data)]));
    const config = JSON.parse(files.get('config.json')!);
    expect(config.n_layer).toBe(nLayer + (ngramOrder > 1 ? 1 : 0));
    expect(config['transformers.js_config']).toEqual({ dtype: 'fp32' });
  });

  it('holds every weight once', () => {
    for (const dtype of ['f32', 'f16', 'q8'] as const) {
      const stored = new Map(
        graphOf(model, dtype)
          .messages(TENSORS)
          .map((tensor) => [tensor.texts(8)[0]!, tensor] as const),
      );
      for (const [weight, { shape, data }] of model.tensors) {
        const tensor = stored.get(weight);
        expect(tensor?.ints(1).map(Number), weight).toEqual(shape);
        const bytes = tensor!.bytes(9)[0]!.slice().buffer;
        const scales = stored.get(`${weight}.scale`)?.bytes(9) ?? [];
        const type = Number(tensor!.ints(2)[0]);
        const floats =
          type === 10
            ? toFloat32({ dtype: 'F16', shape, data: new Uint16Array(bytes) })
            : type === 3
              ? Float32Array.from(
                  new Int8Array(bytes),
                  (step, i) => step * new Float32Array(scales[0]!.slice().buffer)[Math.floor(i / shape[1]!)]!,
                )
              : new Float32Array(bytes);
        const worst = Math.max(...floats.map((value, i) => Math.abs(value - data[i]!)));
        // Weights are 1 at most in size: 11 bits, or half a step of 127.
        expect(worst, `${dtype} ${weight}`).toBeLessThanOrEqual(
          { f32: 0, f16: 2 ** -11, q8: 0.5 / 127 }[dtype],
        );
        if (shape.length === 2 && !/position|wpe/.test(weight)) {
          expect(type, weight).toBe({ f32: 1, f16: 10, q8: 3 }[dtype]);
        }
      }
    }
  });
});

describe('the folder', () => {
  it('has the names that transformers.js asks for', () => {
    const names = (dtype: WeightType): string[] => exportONNX(models.gpt, { dtype }).map(({ name }) => name);
    const others = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];
    expect(names('f32')).toEqual(['onnx/model.onnx', ...others]);
    expect(names('f16')[0]).toBe('onnx/model_fp16.onnx');
    expect(names('q8')[0]).toBe('onnx/model_quantized.onnx');
  });

  it('fills batches up with the end of a text, or with a token that no text has', () => {
    const config = (tokenizer: ModelFile['tokenizer']): Record<string, unknown> => {
      const model = randomModelFile({ ...small, model: 'gpt', bias: false }, { tokenizer });
      const files = new Map(
        exportONNX(model, { dtype: 'f32' }).map(({ name, data }) => [name, String(data)]),
      );
      return {
        ...JSON.parse(files.get('tokenizer_config.json')!),
        ...JSON.parse(files.get('generation_config.json')!),
      };
    };
    expect(config(CharTokenizer.fromText('abc'))).toMatchObject({
      ...{ pad_token: '<|pad|>', pad_token_id: 3, eos_token_id: null, clean_up_tokenization_spaces: false },
    });
    expect(config(trainBpe(['aa bb aa'], { vocabSize: 258 }))).toMatchObject({
      ...{ pad_token: '<|endoftext|>', pad_token_id: 257, eos_token_id: 257 },
    });
  });

  it('is not written of a model that lacks weights', async () => {
    const tensors = new Map(models.gpt.tensors);
    tensors.delete('transformer.wpe.weight');
    expect(() => exportModel({ ...models.gpt, tensors }, 'onnx')).toThrow(NanobardError);
    expect(() => exportModel({ ...models.gpt, tensors }, 'onnx')).toThrow(/wpe\.weight is missing/);
  });
});
