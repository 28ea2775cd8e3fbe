// %% module
import { AdamW, type Device, Generator, nn, ops, type Tensor } from 'nanobard';
import { decode, encode, vocabSize } from './1-data.ts';
import { getBatch } from './2-batches.ts';
import { device, generate } from './3-bigram.ts';
import { estimateLoss, limits } from './4-training.ts';
import { curve, heatmap } from './figures.ts';

const { add, arange, crossEntropy, matmul, maskedFill, mul, permute, reshape, softmax, split, transpose } =
  ops;

export interface AttentionConfig {
  readonly nHead: number;
  readonly nEmbd: number;
  readonly bias: boolean;
}

export class CausalSelfAttention extends nn.Module {
  readonly c_attn: nn.Linear;
  readonly c_proj: nn.Linear;
  private readonly config: AttentionConfig;

  constructor(config: AttentionConfig) {
    super();
    const { nEmbd, bias } = config;
    this.c_attn = new nn.Linear(nEmbd, 3 * nEmbd, { bias }); // query, key and value for all heads at once
    this.c_proj = new nn.Linear(nEmbd, nEmbd, { bias }); // puts together what the heads found
    this.config = config;
  }

  forward(x: Tensor): Tensor {
    const [B = 0, T = 0, C = 0] = x.shape;
    const [q, k, v] = this.heads(x);
    const y = matmul(this.weights(q, k), v); // (B, H, T, T) @ (B, H, T, D) → (B, H, T, D)
    return this.c_proj.forward(reshape(permute(y, [0, 2, 1, 3]), [B, T, C])); // heads side by side again
  }

  /** How much each token looks at each of those before it, for every head: (B, H, T, T). */
  weights(q: Tensor, k: Tensor): Tensor {
    const [, , T = 0, D = 0] = q.shape;
    const wei = mul(matmul(q, transpose(k, -2, -1)), D ** -0.5); // (B, H, T, T)
    return softmax(maskedFill(wei, ops.causalMask(T), Number.NEGATIVE_INFINITY));
  }

  /** Queries, keys and values of all heads: (B, T, C) → (B, H, T, D) each. */
  heads(x: Tensor): [q: Tensor, k: Tensor, v: Tensor] {
    const { nHead, nEmbd } = this.config;
    const [B = 0, T = 0] = x.shape;
    const [q = x, k = x, v = x] = split(this.c_attn.forward(x), nEmbd, -1); // (B, T, C) each
    const apart = (y: Tensor): Tensor => permute(reshape(y, [B, T, nHead, nEmbd / nHead]), [0, 2, 1, 3]);
    return [apart(q), apart(k), apart(v)];
  }
}

// %% model
const blockSize = 8;
const config = { nHead: 4, nEmbd: 32, bias: false };

/** Tokens and positions, one attention, and a guess. */
class AttentionModel extends nn.Module {
  readonly wte = new nn.Embedding(vocabSize, config.nEmbd);
  readonly wpe = new nn.Embedding(blockSize, config.nEmbd);
  readonly attn = new CausalSelfAttention(config);
  readonly lm_head = new nn.Linear(config.nEmbd, vocabSize);

  embed(idx: Tensor): Tensor {
    return add(this.wte.forward(idx), this.wpe.forward(arange(idx.shape[1] ?? 0))); // (B, T, C)
  }

  forward(idx: Tensor): Tensor {
    return this.lm_head.forward(this.attn.forward(this.embed(idx))); // (B, T, vocabSize)
  }
}

/** The mean cross entropy of what a model says against what came next. */
export function lossOf(model: { forward(idx: Tensor): Tensor }, idx: Tensor, targets: Tensor) {
  return crossEntropy(reshape(model.forward(idx), [-1, vocabSize]), reshape(targets, [-1]));
}

/** The loss of a model on numbers, ready to be called. */
export const measureOn = (device: Device, model: { forward(idx: Tensor): Tensor }) =>
  device.compile((x: Tensor, y: Tensor) => lossOf(model, x, y));

// %% train
const generator = new Generator(1337);
const model = new AttentionModel().initialize(generator);
const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
const step = device.compile((x, y) => optimizer.minimize(lossOf(model, x, y)));
const measure = measureOn(device, model);
const losses = curve('loss', limits);
const sentence = 'To be or';
const look = (): Tensor => {
  const [q, k] = model.attn.heads(model.embed(ops.tensor([encode(sentence)], 'i32')));
  return model.attn.weights(q, k); // (1, H, T, T)
};

for (let iter = 0; iter <= 5000; iter++) {
  if (iter % 500 === 0) {
    const { train, val } = await estimateLoss(measure, generator, [32, blockSize], 50);
    console.log(`step ${iter}: train loss ${train.toFixed(4)}, val loss ${val.toFixed(4)}`);
    losses.add(iter, { train, val });
    await heatmap('heads', device.evaluate(reshape(look(), [-1, blockSize])), blockSize, [...sentence]);
  }
  await step(...getBatch('train', generator, [32, blockSize]));
}

// %% sample
console.log(decode(await generate(model, [0], 300, generator, blockSize)));
