import { NanobardError } from '../../../engine/errors.ts';
import type { Shape } from '../../../engine/tensor/shape.ts';
import { version } from '../../../version.ts';
import type { StoredTensor } from '../load-parameters.ts';
import { asTensor, type WeightType } from '../model-file.ts';
import { quantized } from '../q8.ts';
import type { SafetensorsTensor } from '../safetensors.ts';
import { Message } from './protobuf.ts';

// Messages and the numbers of their fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

/** The operators' version: Gelu came with 20, BitwiseXor with 18. IR version 9 is what goes with it. */
const OPSET = 20;
const IR_VERSION = 9;
/** Protocol buffers end at 2 GiB. */
const MAX_BYTES = 2 ** 31 - 1;

const types = { f32: 1, i8: 3, i64: 7, bool: 9, f16: 10 } as const;
export type ElementType = keyof typeof types;

type Entry = [name: string, tensor: SafetensorsTensor];

/** The name by which nodes refer to a tensor. */
export type Value = string & { readonly value: unique symbol };

/** A number is an integer; floats are wrapped, since JavaScript does not tell 1 from 1.0. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

/** Sizes of dimensions, or names of those that the caller chooses. */
export type Dimensions = readonly (number | string)[];

/** An ONNX model being written: nodes in the order in which they run, each named by its place in the model. */
export class Graph {
  private readonly tensors: ReadonlyMap<string, StoredTensor>;
  private readonly dtype: WeightType;
  private readonly nodes: Message[] = [];
  private readonly initializers = new Map<string, Message>();
  private readonly inputs: Message[] = [];
  private readonly outputs: Message[] = [];
  private readonly counts = new Map<string, number>();
  private scope = '';

  /** For a model's weights. `dtype` is how matrices are stored; all is computed in f32. */
  constructor(tensors: ReadonlyMap<string, StoredTensor>, dtype: WeightType) {
    this.tensors = tensors;
    this.dtype = dtype;
  }

  /** Weights that the model has: `exportModel` has seen to it. */
  parameter(name: string): StoredTensor {
    return this.tensors.get(name)!;
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  input(name: string, type: ElementType, dimensions: Dimensions): Value {
    this.inputs.push(valueInfo(name, type, dimensions));
    return name as Value;
  }

  /** Gives a value to the outside, under this name. */
  output(name: string, value: Value, type: ElementType, dimensions: Dimensions): void {
    this.outputs.push(valueInfo(name, type, dimensions));
    this.nodes.push(node(`${name}/Identity`, 'Identity', [value], [name]));
  }

  /** Nodes that `build` makes are named by the part of the model that they belong to. */
  within<T>(part: string, build: () => T): T {
    const outer = this.scope;
    this.scope = part;
    try {
      return build();
    } finally {
      this.scope = outer;
    }
  }

  /** The result of an operator, https://onnx.ai/onnx/operators. */
  apply(operator: string, inputs: readonly Value[], attributes?: Readonly<Record<string, Attribute>>): Value {
    return this.applyMany(operator, 1, inputs, attributes)[0]!;
  }

  /** The results of an operator that has several. */
  applyMany(
    operator: string,
    count: number,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const name = this.unique(`${this.scope}/${operator}`);
    const results = Array.from({ length: count }, (_, i) => (count === 1 ? name : `${name}.${i}`) as Value);
    this.nodes.push(node(name, operator, inputs, results, attributes));
    return results;
  }

  /** int64 numbers: (n), or of a single number a scalar. */
  ints(values: number | readonly number[]): Value {
    const data = BigInt64Array.from([values].flat(), BigInt);
    const shape = typeof values === 'number' ? [] : [data.length];
    return this.initializer(`int64/${JSON.stringify(values)}`, 'i64', shape, data);
  }

  /** A scalar. */
  float(value: number): Value {
    return this.initializer(`float/${value}`, 'f32', [], new Float32Array([value]));
  }

  /** A tensor that is used as it is stored: a vector, a table of positions. */
  tensor(name: string, { shape, data } = this.parameter(name)): Value {
    return this.initializer(name, 'f32', shape, Float32Array.from(data));
  }

  /** A matrix (m, n), stored as `dtype` says: f32 where it is used. */
  matrix(name: string): Value {
    return this.within(name, () => {
      const { values, scales } = this.stored(name);
      if (scales) return this.apply('DequantizeLinear', [values, scales], { axis: 0 });
      return this.dtype === 'f16' ? this.apply('Cast', [values], { to: types.f32 }) : values;
    });
  }

  /** Rows of a matrix (m, n), stored as `dtype` says: ids int64 (…) → f32 (…, n). No others are converted. */
  rows(name: string, ids: Value): Value {
    return this.within(name, () => {
      const { values, scales } = this.stored(name);
      const rows = this.apply('Gather', [values, ids]);
      if (this.dtype === 'f32') return rows;
      const floats = this.apply('Cast', [rows], { to: types.f32 });
      if (!scales) return floats;
      const factors = this.apply('Unsqueeze', [this.apply('Gather', [scales, ids]), this.ints([-1])]);
      return this.apply('Mul', [floats, factors]);
    });
  }

  cast(value: Value, to: ElementType): Value {
    return this.apply('Cast', [value], { to: types[to] });
  }

  /** @throws {NanobardError} code `argument` if it is larger than an ONNX file can be. */
  encode(name: string): Uint8Array<ArrayBuffer> {
    const graph = new Message();
    for (const each of this.nodes) graph.message(1, each);
    graph.text(2, name);
    for (const each of this.initializers.values()) graph.message(5, each);
    for (const each of this.inputs) graph.message(11, each);
    for (const each of this.outputs) graph.message(12, each);
    const model = new Message()
      .int(1, IR_VERSION)
      .text(2, 'nanobard')
      .text(3, version)
      .message(7, graph)
      .message(8, new Message().text(1, '').int(2, OPSET));
    if (model.byteLength <= MAX_BYTES) return model.encode();
    throw new NanobardError('argument', `an ONNX file cannot have ${model.byteLength} bytes, only 2 GiB`, {
      hint: 'Store the weights in fewer bits: f16 or q8.',
      options: ['dtype'],
    });
  }

  private stored(name: string): { values: Value; scales?: Value } {
    const tensor = this.parameter(name);
    if (this.dtype !== 'q8') {
      const { dtype, shape, data } = asTensor(tensor, this.dtype);
      return { values: this.initializer(name, dtype === 'F16' ? 'f16' : 'f32', shape, data) };
    }
    const [[, steps], [scaleName, scales]] = quantized(name, tensor) as [Entry, Entry];
    return {
      values: this.initializer(name, 'i8', steps.shape, steps.data),
      scales: this.initializer(scaleName, 'f32', scales.shape, scales.data),
    };
  }

  /** The same name is stored once. */
  private initializer(name: string, type: ElementType, shape: Shape, data: ArrayBufferView): Value {
    if (!this.initializers.has(name)) {
      const tensor = new Message();
      for (const size of shape) tensor.int(1, size);
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.initializers.set(name, tensor.int(2, types[type]).text(8, name).bytes(9, bytes));
    }
    return name as Value;
  }

  private unique(name: string): string {
    const count = this.counts.get(name) ?? 0;
    this.counts.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }
}

function node(
  name: string,
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, operator);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attribute(key, value));
  return message;
}

/** The kind is the last field of each: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.int(3, value).int(20, 2);
  if (typeof value === 'string') return message.text(4, value).int(20, 3);
  if ('float' in value) return message.float(2, value.float).int(20, 1);
  for (const each of value) message.int(8, each);
  return message.int(20, 7);
}

function valueInfo(name: string, type: ElementType, dimensions: Dimensions): Message {
  const shape = new Message();
  for (const dimension of dimensions) {
    const size = new Message();
    shape.message(1, typeof dimension === 'number' ? size.int(1, dimension) : size.text(2, dimension));
  }
  const tensor = new Message().int(1, types[type]).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
