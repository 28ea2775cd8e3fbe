// The step in TensorFlow.js on its WebAssembly backend, which uses one thread in Node.
import tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { measure, optimizer as options, readTask } from './task.ts';

const task = readTask();
const { batchSize: B, blockSize: T, nEmbd: C, nHead: H, nLayer, vocabSize } = task;
const D = C / H;
if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend does not start');

const parameters = new Map(
  [...task.parameters].map(([name, { data, shape }]) => [
    name,
    tf.variable(tf.tensor(data, shape), true, name),
  ]),
);
const parameter = (name: string): tf.Tensor => parameters.get(name)!;
/** −∞, or nearly, where a query must not see a key; (T, T). */
const future = tf.tensor2d(
  Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e30 : 0)),
  [T, T],
);

function layerNorm(x: tf.Tensor, name: string): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), parameter(name));
}

/** x Wᵀ, for x (B·T, in) and W (out, in). */
const linear = (x: tf.Tensor, name: string): tf.Tensor => tf.matMul(x, parameter(name), false, true);

function attention(x: tf.Tensor, name: string): tf.Tensor {
  const [q, k, v] = tf
    .split(linear(x, `${name}.c_attn.weight`), 3, -1)
    .map((y) => tf.transpose(tf.reshape(y, [B, T, H, D]), [0, 2, 1, 3])) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(D)); // (B, H, T, T)
  const y = tf.matMul(tf.softmax(tf.add(scores, future)), v); // (B, H, T, D)
  return linear(tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [B * T, C]), `${name}.c_proj.weight`);
}

function gelu(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

/** The tables are read by products with one-hot rows: the backend has no gradient of gather. */
function loss(x: Int32Array, y: Int32Array): tf.Scalar {
  const wte = parameter('transformer.wte.weight');
  const tokens = tf.matMul(tf.oneHot(tf.tensor1d(x, 'int32'), vocabSize), wte); // (B·T, C)
  let h = tf.reshape(tf.add(tf.reshape(tokens, [B, T, C]), parameter('transformer.wpe.weight')), [B * T, C]);
  for (let layer = 0; layer < nLayer; layer++) {
    const name = `transformer.h.${layer}`;
    h = tf.add(h, attention(layerNorm(h, `${name}.ln_1.weight`), `${name}.attn`));
    const wide = gelu(linear(layerNorm(h, `${name}.ln_2.weight`), `${name}.mlp.c_fc.weight`));
    h = tf.add(h, linear(wide, `${name}.mlp.c_proj.weight`));
  }
  const logits = tf.matMul(layerNorm(h, 'transformer.ln_f.weight'), wte, false, true); // (B·T, vocabSize)
  return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(y, 'int32'), vocabSize), logits).asScalar();
}

const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
const adam = tf.train.adam(learningRate, beta1, beta2, epsilon);

await measure(
  'TensorFlow.js',
  tf.version.tfjs,
  async (_, { x, y }) => {
    const value = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => loss(x, y));
      const squares = Object.values(grads).map((gradient) => tf.sum(tf.square(gradient)));
      const scale = tf.minimum(1, tf.div(1, tf.add(tf.sqrt(tf.addN(squares)), 1e-6)));
      for (const variable of parameters.values()) {
        if (variable.rank >= 2) variable.assign(tf.mul(variable, 1 - learningRate * weightDecay));
      }
      const clipped = Object.entries(grads).map(([name, gradient]) => [name, tf.mul(gradient, scale)]);
      adam.applyGradients(Object.fromEntries(clipped));
      return value;
    });
    const [result] = await value.data();
    value.dispose();
    return result!;
  },
  task,
);
