// %% toy
import { Generator, nn, ops, type Tensor } from 'nanobard';
import { device } from './3-bigram.ts';
import { heatmap } from './figures.ts';

const {
  add,
  constant,
  div,
  matmul,
  maskedFill,
  mul,
  ones,
  reshape,
  slice,
  softmax,
  sum,
  tensor,
  transpose,
  tril,
} = ops;

const B = 4; // sequences
const T = 8; // tokens in each
const C = 2; // numbers for each token
const x = constant(new Generator(1337).randn(B * T * C), [B, T, C]);
console.log(await device.evaluate(slice(x, 0, 0, 1)));

// %% loop
// version 1: the mean of the tokens so far, in a loop
const loop = new Float32Array(B * T * C);
for (let b = 0; b < B; b++) {
  for (let t = 0; t < T; t++) {
    for (let c = 0; c < C; c++) {
      let total = 0;
      for (let s = 0; s <= t; s++) total += x.data[(b * T + s) * C + c] ?? 0;
      loop[(b * T + t) * C + c] = total / (t + 1);
    }
  }
}
const xbow = constant(loop, [B, T, C]);
console.log(await device.evaluate(slice(xbow, 0, 0, 1)));

// %% trick
const a = tril(ones([3, 3]));
const b = tensor([...new Generator(42).randint(0, 10, 6)]);
const averages = div(a, sum(a, 1, { keepDims: true }));
console.log('a =', await device.evaluate(averages));
console.log('b =', await device.evaluate(reshape(b, [3, 2])));
console.log('a @ b =', await device.evaluate(matmul(averages, reshape(b, [3, 2]))));

// %% matrix
// version 2: a matrix of weights does the same
const triangle = tril(ones([T, T]));
const wei2 = div(triangle, sum(triangle, 1, { keepDims: true })); // (T, T)
const xbow2 = matmul(wei2, x); // (T, T) @ (B, T, C) → (B, T, C)

/** Whether two tensors hold the same numbers, to within rounding. */
const allClose = async (a: Tensor, b: Tensor): Promise<boolean> => {
  const [left, right] = [await device.evaluate(a), await device.evaluate(b)];
  return left.data.every((value, i) => Math.abs(value - (right.data[i] ?? Number.NaN)) < 1e-6);
};

console.log('the same as the loop:', await allClose(xbow2, xbow));
await heatmap('averages', device.evaluate(wei2), T);

// %% softmax
// version 3: zeros, −∞ where the future is, and softmax
const future = ops.causalMask(T); // 1 above the diagonal
const wei3 = softmax(maskedFill(ops.zeros([T, T]), future, Number.NEGATIVE_INFINITY));
console.log('the same again:', await allClose(matmul(wei3, x), xbow));

// %% head
// version 4: self-attention, the weights follow from the tokens
const headSize = 16;
const width = 32;
const generator = new Generator(1337);
const tokens = constant(generator.randn(B * T * width), [B, T, width]);
const key = new nn.Linear(width, headSize, { bias: false }).initialize(generator);
const query = new nn.Linear(width, headSize, { bias: false }).initialize(generator);
const value = new nn.Linear(width, headSize, { bias: false }).initialize(generator);

const k = key.forward(tokens); // (B, T, headSize): what I have to offer
const q = query.forward(tokens); // (B, T, headSize): what I am looking for
const affinities = matmul(q, transpose(k, -2, -1)); // (B, T, headSize) @ (B, headSize, T) → (B, T, T)
const wei = softmax(maskedFill(affinities, future, Number.NEGATIVE_INFINITY));
const v = value.forward(tokens); // (B, T, headSize): what I say if you ask me
const out = matmul(wei, v); // (B, T, headSize)

console.log('out:', out.shape);
console.log(await device.evaluate(slice(wei, 0, 0, 1)));
await heatmap('attention', device.evaluate(slice(wei, 0, 0, 1)), T);

// %% scale
const meanSquare = async (y: Tensor): Promise<number> => {
  const squares = await device.evaluate(ops.mean(ops.square(y)));
  return squares.item();
};
const random = new Generator(1);
const k1 = constant(random.randn(B * T * headSize), [B, T, headSize]);
const q1 = constant(random.randn(B * T * headSize), [B, T, headSize]);
const raw = matmul(q1, transpose(k1, -2, -1));
console.log('variance of q · k:', (await meanSquare(raw)).toFixed(2));
console.log('after dividing by √headSize:', (await meanSquare(mul(raw, headSize ** -0.5))).toFixed(2));

const peaks = tensor([0.1, -0.2, 0.3, -0.2, 0.5]);
console.log('soft:', await device.evaluate(softmax(peaks)));
console.log('sharp:', await device.evaluate(softmax(mul(peaks, 8))));

// %% exercise
/** How much token `t` looks at token `s`, if each sees itself and the one before it only, equally. */
const look = (t: number, s: number): number => (s > t ? 0 : 1); // your turn: s === t || s === t - 1 ? 1 : 0

const weights = tensor(Array.from({ length: T }, (_, t) => Array.from({ length: T }, (_, s) => look(t, s))));
const pairs = matmul(div(weights, sum(weights, 1, { keepDims: true })), x);
const expected = mul(add(slice(x, 1, 6, 7), slice(x, 1, 7, 8)), 0.5);
console.log((await allClose(slice(pairs, 1, 7, 8), expected)) ? 'right' : 'not yet');
