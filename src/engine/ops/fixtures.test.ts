// Every operation against PyTorch: values and gradients made by scripts/fixtures/ops.py, which says what
// the file holds. The numbers to meet are those of double precision.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors } from '../../language/formats/safetensors.ts';
import { devices, expectClose, reference } from '../../testing/check.ts';
import { fillInputs } from '../devices/evaluate.ts';
import { compile } from '../program/compile.ts';
import { Input, type Tensor } from '../tensor/tensor.ts';
import { adamW } from './adamw/adamw.ts';
import { attention } from './attention/attention.ts';
import {
  add,
  div,
  exp,
  gelu,
  log,
  maskedFill,
  mul,
  neg,
  relu,
  sqrt,
  sub,
  tanh,
} from './elementwise/elementwise.ts';
import { clipScale, globalNorm } from './global-norm/global-norm.ts';
import { grad } from './grad.ts';
import { embedding } from './lookup/lookup.ts';
import { linear, matmul } from './matmul/matmul.ts';
import { layerNorm } from './norm/norm.ts';
import { max, mean, sum } from './reduce/reduce.ts';
import { crossEntropy, softmax } from './softmax/softmax.ts';
import { concat, permute, slice, stack, transpose } from './views/views.ts';

/** Attributes of a case; each operation uses some of them. */
interface Attributes {
  readonly dim: number;
  readonly dims: number[];
  readonly dim0: number;
  readonly dim1: number;
  readonly start: number;
  readonly end: number;
  readonly keepdim: boolean;
  readonly value: number | string;
  readonly eps: number;
  readonly ignoreIndex: number;
  readonly maxNorm: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  readonly lr: number;
  readonly step: number;
}

/** One output, or several by the names that they have in the file. */
type Outputs = Tensor | Record<string, Tensor>;

const swap = (x: Tensor): Tensor => transpose(x, 1, 2);

/** How nanobard writes what PyTorch computed. */
// biome-ignore format: a table
const operations: Record<string, (x: [Tensor, Tensor, Tensor], attributes: Attributes) => Outputs> = {
  add: ([a, b]) => add(a, b),
  sub: ([a, b]) => sub(a, b),
  mul: ([a, b]) => mul(a, b),
  div: ([a, b]) => div(a, b),
  neg: ([x]) => neg(x),
  exp: ([x]) => exp(x),
  log: ([x]) => log(x),
  sqrt: ([x]) => sqrt(x),
  tanh: ([x]) => tanh(x),
  relu: ([x]) => relu(x),
  gelu: ([x]) => gelu(x),
  sum: ([x], { dims, keepdim }) => sum(x, dims, { keepDims: keepdim }),
  mean: ([x], { dims, keepdim }) => mean(x, dims, { keepDims: keepdim }),
  max: ([x], { dim, keepdim }) => max(x, dim, { keepDims: keepdim }),
  softmax: ([x], { dim }) => softmax(x, dim),
  'masked-fill': ([x, mask], { value }) => maskedFill(x, mask, Number(value)),
  permute: ([x], { dims }) => permute(x, dims),
  transpose: ([x], { dim0, dim1 }) => transpose(x, dim0, dim1),
  slice: ([x], { dim, start, end }) => slice(x, dim, start, end),
  concat: (parts, { dim }) => concat(parts, dim),
  stack: (parts, { dim }) => stack(parts, dim),
  matmul: ([a, b]) => matmul(a, b),
  linear: ([x, weight, bias]) => linear(x, weight, bias),
  embedding: ([ids, weight]) => embedding(weight, ids),
  'layer-norm': ([x, weight, bias], { eps }) => layerNorm(x, weight, bias, eps),
  'cross-entropy': ([logits, targets], { ignoreIndex }) => crossEntropy(logits, targets, { ignoreIndex }),
  // PyTorch has (B, H, T, D).
  attention: ([q, k, v]) => swap(attention(swap(q), swap(k), swap(v))),
  'clip-grad-norm': (gradients, { maxNorm }) => {
    const norm = globalNorm(gradients);
    const clipped = gradients.map((gradient) => mul(gradient, clipScale(norm, maxNorm)));
    return { norm, ...Object.fromEntries(clipped.map((gradient, i) => [`out${i}`, gradient])) };
  },
  adamw: (tensors, { beta1, beta2, eps, weightDecay }) => {
    const [parameter, gradient, m, v] = tensors as Tensor[] as [Tensor, Tensor, Tensor, Tensor];
    const scalars = { learningRate: new Input('lr', []), step: new Input('step', [], 'i32'), gradientScale: new Input('one', []) };
    const attributes = { beta1, beta2, epsilon: eps, weightDecay };
    const updated = adamW({ parameter, gradient, m, v, ...scalars }, attributes);
    return { out0: updated.parameter, out1: updated.m, out2: updated.v };
  },
};

const { tensors, metadata } = decodeSafetensors(
  readFileSync(new URL('./fixtures/ops.safetensors', import.meta.url)),
);
const cases = Object.entries(JSON.parse(metadata.cases!) as Record<string, Attributes>);
const operationOf = (key: string): string => key.slice(0, key.indexOf('.'));

/** Values from the file; `undefined` if it has none of that name. */
function stored(name: string): ArrayLike<number> | undefined {
  return tensors.get(name)?.data as ArrayLike<number> | undefined;
}

/** The inputs of a case, in order. */
function inputsOf(key: string): Input[] {
  const inputs: Input[] = [];
  for (let i = 0; ; i++) {
    const tensor = tensors.get(`${key}.in${i}`);
    if (!tensor) return inputs;
    inputs.push(new Input(`in${i}`, tensor.shape, tensor.dtype === 'I32' ? 'i32' : 'f32'));
  }
}

/** The outputs of a case and, if it has any, the gradients of its f32 inputs, by their names in the file. */
function graphOf(key: string, attributes: Attributes): Record<string, Tensor> {
  const inputs = inputsOf(key);
  const built = operations[operationOf(key)]!(inputs as Tensor[] as [Tensor, Tensor, Tensor], attributes);
  const outputs = 'shape' in built ? { out: built as Tensor } : (built as Record<string, Tensor>);
  const weights = tensors.get(`${key}.gout`);
  if (!weights) return outputs;
  const loss = sum(mul(outputs.out!, new Input('gout', weights.shape)));
  const variables = inputs.filter(({ dtype }) => dtype === 'f32');
  const gradients = grad(loss, variables).map((gradient, i) => [
    variables[i]!.name.replace('in', 'grad'),
    gradient,
  ]);
  return { ...outputs, ...Object.fromEntries(gradients) };
}

describe('operations against PyTorch', () => {
  it('knows each operation in the fixtures', () => {
    expect(new Set(Object.keys(operations))).toEqual(new Set(cases.map(([key]) => operationOf(key))));
  });

  it.each(cases)('%s', async (key, attributes) => {
    const outputs = graphOf(key, attributes);
    const names = Object.keys(outputs);
    const scalars: Record<string, number[]> = { lr: [attributes.lr], step: [attributes.step], one: [1] };
    const expected = new Set([...tensors.keys()].filter((name) => name.startsWith(`f64.${key}.`)));
    expect(new Set(names.map((name) => `f64.${key}.${name}`))).toEqual(expected);
    const program = compile({ outputs });
    for (const device of devices) {
      const executable = await device.load(program);
      fillInputs(
        executable,
        Object.fromEntries(
          program.program.inputs.map(({ name }) => [name, scalars[name] ?? stored(`${key}.${name}`)!]),
        ),
      );
      await executable.run();
      for (const name of names) {
        // With one key the gradients of queries and keys vanish but for rounding.
        const single = key.startsWith('attention.T1-') ? 2e-6 : 1e-6;
        const tolerance = device === reference ? 1e-13 : single;
        expectClose(
          await executable.read(name),
          stored(`f64.${key}.${name}`)!,
          tolerance,
          `${device.name} ${name}`,
          0.1,
        );
      }
      executable.dispose();
    }
  });
});
