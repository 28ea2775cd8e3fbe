// %% setup
import { AdamW, Generator, type Tensor } from 'nanobard';
import { chars, decode, trainData, vocabSize } from './1-data.ts';
import { getBatch } from './2-batches.ts';
import { BigramLanguageModel, device, generate } from './3-bigram.ts';
import { curve, heatmap } from './figures.ts';

const batchSize = 32;
const blockSize = 8;
const maxIters = 3000;
const evalInterval = 300;
const evalIters = 200;
const learningRate = 1e-2;

const generator = new Generator(1337);
const model = new BigramLanguageModel(vocabSize).initialize(generator);

// %% optimizer
const optimizer = new AdamW(model.parameters(), { learningRate });
const step = device.compile((xb, yb) => optimizer.minimize(model.loss(xb, yb)));

// %% estimate
/** The mean loss over many batches of each split, which is less noisy than that of one. */
export async function estimateLoss(
  loss: (x: ReturnType<typeof getBatch>[0], y: ReturnType<typeof getBatch>[1]) => Promise<number>,
  generator: Generator,
  sizes: [number, number],
  evalIters: number,
): Promise<{ train: number; val: number }> {
  const out = { train: 0, val: 0 };
  for (const split of ['train', 'val'] as const) {
    for (let k = 0; k < evalIters; k++) out[split] += await loss(...getBatch(split, generator, sizes));
    out[split] /= evalIters;
  }
  return out;
}

const measure = device.compile((x: Tensor, y: Tensor) => model.loss(x, y));

// %% limits
/** The lowest loss that a table can have on a text: with a row of probabilities for each token before, or one for all. */
function limit(data: Int32Array, tokens: number, context: 0 | 1): number {
  const rows = new Int32Array(tokens); // how often each context occurs
  const pairs = new Int32Array(tokens ** 2); // and how often each token follows it
  for (let i = 1; i < data.length; i++) {
    const row = context * (data[i - 1] ?? 0);
    const pair = row * tokens + (data[i] ?? 0);
    rows[row] = (rows[row] ?? 0) + 1;
    pairs[pair] = (pairs[pair] ?? 0) + 1;
  }
  let loss = 0;
  pairs.forEach((count, pair) => {
    if (count > 0) loss -= count * Math.log(count / (rows[Math.floor(pair / tokens)] ?? 1));
  });
  return loss / (data.length - 1);
}

export const limits = {
  uniform: Math.log(vocabSize),
  unigram: limit(trainData, vocabSize, 0),
  bigram: limit(trainData, vocabSize, 1),
};
console.log(limits);

// %% train
const losses = curve('loss', limits);
for (let iter = 0; iter < maxIters; iter++) {
  if (iter % evalInterval === 0) {
    const { train, val } = await estimateLoss(measure, generator, [batchSize, blockSize], evalIters);
    console.log(`step ${iter}: train loss ${train.toFixed(4)}, val loss ${val.toFixed(4)}`);
    losses.add(iter, { train, val });
    await heatmap('table', device.read(model.token_embedding_table.weight), vocabSize, chars);
  }
  await step(...getBatch('train', generator, [batchSize, blockSize]));
}

// %% sample
console.log(decode(await generate(model, [0], 500, generator)));
