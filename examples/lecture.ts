// "Let's build GPT: from scratch, in code, spelled out", step by step and with the numbers that it prints:
//
//     npx tsx examples/lecture.ts [TEXT]
//
// TEXT is tinyshakespeare by default; with another text everything works the same, with other numbers.
import {
  AdamW,
  BigramLanguageModel,
  CharTokenizer,
  createDevice,
  Dataset,
  Generator,
  loadCorpus,
  TextModel,
} from 'nanobard/node';

// Read it in to inspect it.
const { text } = await loadCorpus(process.argv[2] ?? 'tinyshakespeare');
console.log('length of dataset in characters:', text.length);

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
console.log([...data.train.subarray(0, blockSize + 1)]);

// A batch: how many independent sequences will we process in parallel?
const [xb, yb] = data.batch('train', 4, new Generator(1337));
console.log('inputs:', xb);
console.log('targets:', yb);

// The bigram model, and its loss on that batch before any training.
const device = await createDevice();
const random = new Generator(1337);
const network = new BigramLanguageModel({ vocabSize: tokenizer.vocabSize, blockSize }).initialize(random);
const loss = await device.evaluate(network.loss(xb, yb));
console.log('loss:', loss.item().toFixed(4));

const model = new TextModel(network, tokenizer, device);
console.log(await model.write('\n', { tokens: 100, generator: random }));

// Train it: the step is traced at its first call and run 10,000 times.
const optimizer = new AdamW(network.parameters(), { learningRate: 1e-3 });
const step = device.compile((x, y) => optimizer.minimize(network.loss(x, y)));
for (let i = 1; i <= 10_000; i++) {
  const loss = await step(...data.batch('train', 32, random));
  if (i % 1000 === 0) console.log(`step ${i}: loss ${loss.toFixed(4)}`);
}
console.log(await model.write('\n', { tokens: 500, generator: random }));
await device.dispose();
