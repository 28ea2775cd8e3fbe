// "Let's build GPT: from scratch, in code, spelled out", step by step and with the numbers that it prints:
//
//     npx tsx examples/lecture.ts [TEXT]
//
// TEXT is tinyshakespeare by default; with another text everything works the same, with other numbers.
import {
  AdamW,
  BigramLanguageModel,
  CharTokenizer,
  CpuDevice,
  compile,
  Dataset,
  Decoder,
  Generator,
  grad,
  Input,
  loadCorpus,
  scalar,
} from 'nanobard/node';

// Read it in to inspect it.
const { text } = await loadCorpus(process.argv[2] ?? 'tinyshakespeare');
console.log('length of dataset in characters:', [...text].length);

// All the unique characters that occur in this text, and a mapping between characters and integers.
const tokenizer = CharTokenizer.fromText(text);
console.log(tokenizer.characters.join(''));
console.log(tokenizer.vocabSize);
const encoded = tokenizer.encode('hii there');
console.log([...encoded]);
console.log(tokenizer.decode(encoded));

// The first 90 % will be train, the rest validation.
const blockSize = 8; // what is the maximum context length for predictions?
const data = new Dataset(tokenizer.encode(text), blockSize);
console.log([...data.train.slice(0, blockSize + 1)]);

// A batch: how many independent sequences will we process in parallel?
const batchSize = 4;
const xb = new Int32Array(batchSize * blockSize);
const yb = new Int32Array(batchSize * blockSize);
data.batch('train', new Generator(1337), xb, yb);
const rows = (tokens: Int32Array): string =>
  Array.from({ length: batchSize }, (_, b) =>
    [...tokens.slice(b * blockSize, (b + 1) * blockSize)].join(' '),
  ).join('\n');
console.log(`inputs:\n${rows(xb)}\ntargets:\n${rows(yb)}`);

// The bigram model, and its loss on that batch before any training.
const device = await CpuDevice.create();
const random = new Generator(1337);
const m = new BigramLanguageModel({ vocabSize: tokenizer.vocabSize, blockSize }, random);
const idx = new Input('xb', [batchSize, blockSize], 'i32');
const targets = new Input('yb', [batchSize, blockSize], 'i32');
const { data: loss } = await device.evaluate(m.loss(idx, targets), { xb, yb });
console.log('loss:', loss[0]!.toFixed(4));

async function generate(tokens: number): Promise<string> {
  const decoder = await Decoder.create(m, device);
  const written: number[] = [];
  for await (const token of decoder.generate([0], { tokens, generator: random })) written.push(token);
  decoder.dispose();
  return tokenizer.decode([0, ...written]);
}
console.log(await generate(100));

// Train it: the step is traced once and run 10,000 times.
const steps = 10_000;
const x = new Input('x', [32, blockSize], 'i32');
const y = new Input('y', [32, blockSize], 'i32');
const step = new Input('step', [], 'i32');
const parameters = m.namedParameters();
const trainLoss = m.loss(x, y);
const gradients = grad(trainLoss, [...parameters.values()]);
const optimizer = new AdamW(parameters);
const update = await device.load(
  compile({
    outputs: { loss: trainLoss },
    assign: optimizer.update(new Map([...parameters.keys()].map((name, i) => [name, gradients[i]!])), {
      learningRate: scalar(1e-3),
      step,
      gradientScale: scalar(1),
    }),
  }),
);
for (let i = 1; i <= steps; i++) {
  data.batch('train', random, update.input('x') as Int32Array, update.input('y') as Int32Array);
  update.input('step')[0] = i;
  await update.run();
  if (i % 1000 === 0) console.log(`step ${i}: loss ${(await update.read('loss'))[0]!.toFixed(4)}`);
}
console.log(await generate(500));
await device.dispose();
