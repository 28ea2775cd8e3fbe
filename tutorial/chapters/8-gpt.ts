// %% config
import { AdamW, cosineSchedule, Generator, nn, ops, type Tensor } from 'nanobard';
import { decode, encode, vocabSize } from './1-data.ts';
import { getBatch } from './2-batches.ts';
import { device, generate } from './3-bigram.ts';
import { estimateLoss, limits } from './4-training.ts';
import { lossOf, measureOn } from './6-heads.ts';
import { Block } from './7-block.ts';
import { curve, samples } from './figures.ts';

export interface GPTConfig {
  readonly blockSize: number;
  readonly vocabSize: number;
  readonly nLayer: number;
  readonly nHead: number;
  readonly nEmbd: number;
  readonly bias: boolean;
}

const config: GPTConfig = { blockSize: 32, vocabSize, nLayer: 4, nHead: 4, nEmbd: 64, bias: false };

// %% gpt
export class GPT extends nn.Module {
  readonly transformer: {
    readonly wte: nn.Embedding;
    readonly wpe: nn.Embedding;
    readonly h: readonly Block[];
    readonly ln_f: nn.LayerNorm;
  };
  readonly lm_head: nn.Linear;

  constructor(config: GPTConfig) {
    super();
    const { vocabSize, blockSize, nLayer, nEmbd } = config;
    this.transformer = {
      wte: new nn.Embedding(vocabSize, nEmbd),
      wpe: new nn.Embedding(blockSize, nEmbd),
      h: Array.from({ length: nLayer }, () => new Block(config)),
      ln_f: new nn.LayerNorm(nEmbd, config),
    };
    this.lm_head = new nn.Linear(nEmbd, vocabSize, { bias: false });
    this.transformer.wte.weight = this.lm_head.weight; // one table for reading and for writing
  }

  forward(idx: Tensor): Tensor {
    const { wte, wpe, h, ln_f } = this.transformer;
    const pos = ops.arange(idx.shape[1] ?? 0); // (T)
    let x = ops.add(wte.forward(idx), wpe.forward(pos)); // (B, T, C)
    for (const block of h) x = block.forward(x); // (B, T, C)
    return this.lm_head.forward(ln_f.forward(x)); // (B, T, vocabSize)
  }
}

// %% weights
const generator = new Generator(1337);
const model = new GPT(config).initialize(generator);
for (const [name, parameter] of model.namedParameters()) {
  if (parameter.rank < 2) continue;
  const std = name.endsWith('c_proj.weight') ? 0.02 / Math.sqrt(2 * config.nLayer) : 0.02;
  parameter.initial = generator.normal(parameter.size, 0, std);
}
console.log('number of parameters:', (model.parameterCount() / 1e6).toFixed(2), 'M');

// %% train
const maxIters = 2000;
const [batchSize, blockSize] = [16, config.blockSize];
const rateAt = cosineSchedule({
  learningRate: 4e-3,
  minLearningRate: 4e-4,
  warmupSteps: 100,
  decaySteps: maxIters,
});
const optimizer = new AdamW(model.parameters(), {
  betas: [0.9, 0.99],
  weightDecay: 0.1,
  maxNorm: 1,
  decays: ({ rank }) => rank >= 2,
});
const step = device.compile((x, y) => optimizer.minimize(lossOf(model, x, y)));
const measure = measureOn(device, model);
const losses = curve('loss', limits);
const written = samples('samples');

for (let iter = 0; iter <= maxIters; iter++) {
  if (iter % 250 === 0) {
    const { train, val } = await estimateLoss(measure, generator, [batchSize, blockSize], 20);
    console.log(`step ${iter}: train loss ${train.toFixed(4)}, val loss ${val.toFixed(4)}`);
    losses.add(iter, { train, val });
    written.add(iter, decode(await generate(model, encode('\n'), 100, new Generator(1), blockSize)));
  }
  optimizer.learningRate = rateAt(iter);
  if (iter < maxIters) await step(...getBatch('train', generator, [batchSize, blockSize]));
}

// %% lens
const oneLine = (s: string): string => s.replaceAll('\n', '↵');

/** What the model would say after each layer, if it had to: the likeliest next character after each of `text`. */
async function lens(text: string): Promise<void> {
  const { wte, wpe, h, ln_f } = model.transformer;
  const idx = ops.tensor([encode(text)], 'i32');
  let x = ops.add(wte.forward(idx), wpe.forward(ops.arange(text.length)));
  for (const [layer, block] of h.entries()) {
    x = block.forward(x);
    const { data } = await device.evaluate(model.lm_head.forward(ln_f.forward(x)));
    const guesses = Array.from(text, (_, t) => {
      const logits = Array.from(data.slice(t * vocabSize, (t + 1) * vocabSize));
      return logits.indexOf(Math.max(...logits));
    });
    console.log(`after block ${layer + 1}:`, oneLine(decode(guesses)));
  }
}

const line = 'ROMEO: what say you to th';
console.log('what comes:   ', line.slice(1));
await lens(line);

// %% sample
console.log(decode(await generate(model, encode('\n'), 500, new Generator(1337), blockSize)));
