// %% window
import { Generator, ops } from 'nanobard';
import { decode, trainData, valData } from './1-data.ts';

export const blockSize = 8; // what is the maximum context length for predictions?
console.log(trainData.slice(0, blockSize + 1));

// %% contexts
const x = trainData.slice(0, blockSize);
const y = trainData.slice(1, blockSize + 1);
for (let t = 0; t < blockSize; t++) {
  const context = x.slice(0, t + 1);
  const target = y[t];
  console.log(`input: [${[...context]}], target: ${target}`);
}

// %% batch
export const batchSize = 4; // how many independent sequences will we process in parallel?

/** Inputs and targets, i32 (count, length) each, from random places of a split. */
export function getBatch(
  split: 'train' | 'val',
  generator: Generator,
  [count, length] = [batchSize, blockSize],
) {
  const data = split === 'train' ? trainData : valData;
  const ix = [...generator.randint(0, data.length - length, count)];
  const x = ops.tensor(
    ix.map((i) => [...data.slice(i, i + length)]),
    'i32',
  );
  const y = ops.tensor(
    ix.map((i) => [...data.slice(i + 1, i + length + 1)]),
    'i32',
  );
  return [x, y] as const;
}

const [xb, yb] = getBatch('train', new Generator(1337));
console.log('inputs:', xb);
console.log('targets:', yb);

// %% examples
for (let t = 0; t < blockSize; t++) {
  const context = xb.data.slice(0, t + 1); // of the first row
  const target = yb.data[t];
  console.log(`when the input is [${[...context]}] the target is ${target}`);
}
console.log(decode(xb.data.slice(0, blockSize)), '→', decode(yb.data.slice(0, blockSize)));

// %% exercise
/** How many examples does a batch hold, of contexts of all lengths? */
const examples = (batchSize: number, blockSize: number): number => batchSize + blockSize; // your turn: batchSize * blockSize

console.log(examples(4, 8) === 32 && examples(32, 8) === 256 ? 'right' : 'not yet');
