// %% mlp
import { AdamW, Generator, nn, ops, type Tensor } from 'nanobard';
import { decode, vocabSize } from './1-data.ts';
import { getBatch } from './2-batches.ts';
import { device, generate } from './3-bigram.ts';
import { estimateLoss, limits } from './4-training.ts';
import { type AttentionConfig, CausalSelfAttention, lossOf, measureOn } from './6-heads.ts';
import { curve } from './figures.ts';

const { add, arange, gelu } = ops;

export class MLP extends nn.Module {
  readonly c_fc: nn.Linear;
  readonly c_proj: nn.Linear;

  constructor({ nEmbd, bias }: AttentionConfig) {
    super();
    this.c_fc = new nn.Linear(nEmbd, 4 * nEmbd, { bias });
    this.c_proj = new nn.Linear(4 * nEmbd, nEmbd, { bias });
  }

  forward(x: Tensor): Tensor {
    x = this.c_fc.forward(x); // (B, T, 4C)
    x = gelu(x);
    x = this.c_proj.forward(x); // (B, T, C)
    return x;
  }
}

// %% norm
const { div, mean, sqrt, square, sub } = ops;
const rows = ops.constant(new Generator(1337).randn(2 * 100), [2, 100]);
const centred = sub(rows, mean(rows, 1, { keepDims: true }));
const normalised = div(centred, sqrt(add(mean(square(centred), 1, { keepDims: true }), 1e-5)));
const { data } = await device.evaluate(normalised);
const first = [...data.slice(0, 100)];
console.log('mean of a row:', (first.reduce((a, b) => a + b) / 100).toFixed(4));
console.log('its variance:', (first.reduce((a, b) => a + b * b, 0) / 100).toFixed(4));

// %% block
export class Block extends nn.Module {
  readonly ln_1: nn.LayerNorm;
  readonly attn: CausalSelfAttention;
  readonly ln_2: nn.LayerNorm;
  readonly mlp: MLP;

  constructor(config: AttentionConfig) {
    super();
    this.ln_1 = new nn.LayerNorm(config.nEmbd, config);
    this.attn = new CausalSelfAttention(config);
    this.ln_2 = new nn.LayerNorm(config.nEmbd, config);
    this.mlp = new MLP(config);
  }

  forward(x: Tensor): Tensor {
    x = add(x, this.attn.forward(this.ln_1.forward(x))); // talk to the others
    x = add(x, this.mlp.forward(this.ln_2.forward(x))); // think about what they said
    return x;
  }
}

// %% train
const blockSize = 8;
const config = { nHead: 4, nEmbd: 32, bias: false };

class BlockModel extends nn.Module {
  readonly wte = new nn.Embedding(vocabSize, config.nEmbd);
  readonly wpe = new nn.Embedding(blockSize, config.nEmbd);
  readonly h = Array.from({ length: 3 }, () => new Block(config));
  readonly ln_f = new nn.LayerNorm(config.nEmbd, config);
  readonly lm_head = new nn.Linear(config.nEmbd, vocabSize);

  forward(idx: Tensor): Tensor {
    let x = add(this.wte.forward(idx), this.wpe.forward(arange(idx.shape[1] ?? 0)));
    for (const block of this.h) x = block.forward(x);
    return this.lm_head.forward(this.ln_f.forward(x));
  }
}

const generator = new Generator(1337);
const model = new BlockModel().initialize(generator);
const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
const step = device.compile((x, y) => optimizer.minimize(lossOf(model, x, y)));
const measure = measureOn(device, model);
const losses = curve('loss', limits);
for (let iter = 0; iter <= 5000; iter++) {
  if (iter % 500 === 0) {
    const { train, val } = await estimateLoss(measure, generator, [32, blockSize], 50);
    console.log(`step ${iter}: train loss ${train.toFixed(4)}, val loss ${val.toFixed(4)}`);
    losses.add(iter, { train, val });
  }
  await step(...getBatch('train', generator, [32, blockSize]));
}

// %% sample
console.log(decode(await generate(model, [0], 300, generator, blockSize)));
