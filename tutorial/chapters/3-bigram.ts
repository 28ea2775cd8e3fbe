// %% model
import { createDevice, Generator, nn, ops, type Tensor } from 'nanobard';
import { decode, vocabSize } from './1-data.ts';
import { getBatch } from './2-batches.ts';

export class BigramLanguageModel extends nn.Module {
  readonly token_embedding_table: nn.Embedding;

  constructor(vocabSize: number) {
    super();
    // each token directly reads off the logits for the next token from a lookup table
    this.token_embedding_table = new nn.Embedding(vocabSize, vocabSize);
  }

  forward(idx: Tensor): Tensor {
    // idx is a (B, T) tensor of integers
    return this.token_embedding_table.forward(idx); // (B, T, C)
  }

  loss(idx: Tensor, targets: Tensor) {
    const logits = this.forward(idx);
    const [B = 0, T = 0, C = 0] = logits.shape;
    return ops.crossEntropy(ops.reshape(logits, [B * T, C]), ops.reshape(targets, [B * T]));
  }
}

// %% loss
export const device = await createDevice();
const generator = new Generator(1337);
const model = new BigramLanguageModel(vocabSize).initialize(generator);

const [xb, yb] = getBatch('train', new Generator(1337));
const logits = await device.evaluate(model.forward(xb));
console.log('logits:', logits.shape);
const loss = await device.evaluate(model.loss(xb, yb));
console.log(
  'loss:',
  loss.item().toFixed(4),
  'of a model that knows nothing:',
  Math.log(vocabSize).toFixed(4),
);

// %% generate
/** Continues `idx` by so many tokens, each drawn from what the model says of the ones before it. */
export async function generate(
  model: { forward(idx: Tensor): Tensor },
  idx: number[],
  maxNewTokens: number,
  generator: Generator,
  blockSize = 8,
): Promise<number[]> {
  const predict = device.compile((idx) => ops.softmax(model.forward(idx))); // (1, T, C)
  const context = new Int32Array(blockSize);
  for (let i = 0; i < maxNewTokens; i++) {
    const seen = idx.slice(-blockSize); // crop the context to the last blockSize tokens
    context.fill(0);
    context.set(seen); // what comes after is zeros: a causal model does not look there
    const { data } = ops.tensor(await predict(ops.constant(context, [1, blockSize])));
    const probs = data.slice((seen.length - 1) * vocabSize, seen.length * vocabSize); // of the last token
    const [next = 0] = generator.multinomial(Float32Array.from(probs), 1, vocabSize);
    idx = [...idx, next]; // append the sampled token to the running sequence
  }
  predict.dispose();
  return idx;
}

console.log(decode(await generate(model, [0], 100, generator)));

// %% exercise
/** The loss of a model that gives each of `n` tokens the same probability. */
const uniform = (n: number): number => n; // your turn: -Math.log(1 / n)

console.log(Math.abs(uniform(65) - 4.1744) < 1e-4 ? 'right' : 'not yet');
