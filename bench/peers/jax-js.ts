// The step in jax-js on its WebAssembly backend, as one jitted function. Every use of an array consumes it:
// `.ref` where it is used again.
import { readFileSync } from 'node:fs';
import './web-worker.ts';
import type { numpy } from '@jax-js/jax';
import { measure, optimizer as options, type Parameter, readTask } from './task.ts';

// Loaded after the workers that it looks for.
const { blockUntilReady, init, jit, nn, numpy: np, valueAndGrad } = await import('@jax-js/jax');
const manifest = readFileSync(new URL('../node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8');
const { version } = JSON.parse(manifest) as { version: string };

type Arrays = Record<string, numpy.Array>;
/** Queries, keys and values, (B, H, T, D) each. */
type Heads = [numpy.Array, numpy.Array, numpy.Array];

const task = readTask();
const { batchSize: B, blockSize: T, nEmbd: C, nHead: H, nLayer, vocabSize } = task;
await init('wasm');

/** x Wᵀ, for x (…, in) and W (out, in). */
const linear = (x: numpy.Array, weight: numpy.Array): numpy.Array => np.matmul(x, weight.transpose());
const layerNorm = (x: numpy.Array, weight: numpy.Array): numpy.Array => nn.standardize(x).mul(weight);

/** Written out: `nn.dotProductAttention` needs a newer engine than Node 20. */
function attention(x: numpy.Array, p: Arrays, name: string): numpy.Array {
  const [q, k, v] = np
    .split(linear(x, p[`${name}.c_attn.weight`]!), 3, -1)
    .map((y) => y.reshape([B, T, H, C / H]).transpose([0, 2, 1, 3])) as Heads;
  const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(C / H)); // (B, H, T, T)
  const past = np.tri(T, T, 0, { dtype: np.bool });
  const y = np.matmul(nn.softmax(np.where(past, scores, Number.NEGATIVE_INFINITY), -1), v); // (B, H, T, D)
  return linear(y.transpose([0, 2, 1, 3]).reshape([B, T, C]), p[`${name}.c_proj.weight`]!);
}

function loss(p: Arrays, x: numpy.Array, y: numpy.Array): numpy.Array {
  const wte = p['transformer.wte.weight']!;
  let h = np.matmul(nn.oneHot(x, vocabSize), wte.ref).add(p['transformer.wpe.weight']!); // (B, T, C)
  for (let layer = 0; layer < nLayer; layer++) {
    const name = `transformer.h.${layer}`;
    h = h.ref.add(attention(layerNorm(h, p[`${name}.ln_1.weight`]!), p, `${name}.attn`));
    const wide = linear(layerNorm(h.ref, p[`${name}.ln_2.weight`]!), p[`${name}.mlp.c_fc.weight`]!);
    h = h.add(linear(nn.gelu(wide, { approximate: false }), p[`${name}.mlp.c_proj.weight`]!));
  }
  const logits = linear(layerNorm(h, p['transformer.ln_f.weight']!), wte); // (B, T, vocabSize)
  return nn
    .logSoftmax(logits)
    .mul(nn.oneHot(y, vocabSize))
    .sum()
    .mul(-1 / (B * T));
}

const { learningRate, beta1, beta2, epsilon, weightDecay } = options;

/** 1 − β₁ᵗ and 1 − β₂ᵗ. */
type Corrections = { first: numpy.Array; second: numpy.Array };

const update = jit(
  (p: Arrays, m: Arrays, v: Arrays, x: numpy.Array, y: numpy.Array, corrections: Corrections) => {
    const forward: Arrays = {};
    for (const name in p) forward[name] = p[name]!.ref;
    const [value, gradients] = valueAndGrad(loss)(forward, x, y) as [numpy.Array, Arrays];
    const squares = Object.values(gradients).map((gradient) => np.square(gradient.ref).sum());
    const norm = np.sqrt(squares.reduce((sum, square) => sum.add(square)));
    const scale = np.minimum(1, np.reciprocal(norm.add(1e-6)));
    const next = { p: {} as Arrays, m: {} as Arrays, v: {} as Arrays };
    for (const name in p) {
      const gradient = gradients[name]!.mul(scale.ref);
      const mean = m[name]!.mul(beta1).add(gradient.ref.mul(1 - beta1));
      const square = v[name]!.mul(beta2).add(np.square(gradient).mul(1 - beta2));
      const denominator = np.sqrt(square.ref.div(corrections.second.ref)).add(epsilon);
      const change = mean.ref.div(corrections.first.ref).div(denominator).mul(learningRate);
      const decay = p[name]!.ndim >= 2 ? 1 - learningRate * weightDecay : 1;
      next.p[name] = p[name]!.mul(decay).sub(change);
      next.m[name] = mean;
      next.v[name] = square;
    }
    scale.dispose();
    corrections.first.dispose();
    corrections.second.dispose();
    return { ...next, value };
  },
);

const tensors = (value: (data: Parameter['data']) => Parameter['data']): Arrays =>
  Object.fromEntries(
    [...task.parameters].map(([name, { data, shape }]) => [name, np.array(value(data), { shape })]),
  );
const zeros = (): Arrays => tensors(({ length }) => new Float32Array(length));
let state = { p: tensors((data) => data), m: zeros(), v: zeros() };

await measure(
  'jax-js',
  version,
  async (step, batch) => {
    const x = np.array(batch.x, { shape: [B, T] });
    const y = np.array(batch.y, { shape: [B, T] });
    const corrections = { first: np.array(1 - beta1 ** step), second: np.array(1 - beta2 ** step) };
    const { value, ...next } = update(state.p, state.m, state.v, x, y, corrections);
    state = next;
    await blockUntilReady(next);
    return (await value.data())[0]!;
  },
  task,
);
process.stdout.write('', () => process.exit()); // its workers do not end by themselves
