// One line for docs/fast.md: what a recipe with changes reaches, over several seeds. Trains on the training split
// without its last tenth and measures that tenth, so that the validation split stays unseen.
//
//     npm run tune -- --recipe fast --seeds 3 --text FILE maxIters=400 ngramRows=32768
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  CharTokenizer,
  CpuDevice,
  cosineSchedule,
  createModel,
  Dataset,
  Evaluator,
  Generator,
  parseRecipe,
  type RecipeName,
  recipes,
} from '../src/index.ts';
import { TrainingStep } from '../src/train/step.ts';
import { batchStream } from '../src/train/trainer.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    recipe: { type: 'string', default: 'fast' },
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    text: { type: 'string', default: '../shared/data/tinyshakespeare.txt' },
  },
});

const text = readFileSync(values.text, 'utf8');
const tokenizer = CharTokenizer.fromText(text);
const tokens = tokenizer.encode(text);
const seen = tokens.subarray(0, Math.floor(0.9 * tokens.length));
const changes = Object.fromEntries(positionals.map((change) => change.split('=') as [string, string]));
const fields = Object.fromEntries(
  Object.entries(changes).map(([field, value]) => [field, JSON.parse(value)]),
);

const losses: number[] = [];
const seconds: number[] = [];
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  const named = recipes[values.recipe as RecipeName].recipe;
  const recipe = parseRecipe({
    ...named,
    ...fields,
    seed,
    ...(fields.maxIters && { lrDecayIters: fields.maxIters }),
  });
  const { loss, trainSeconds } = await train(recipe);
  losses.push(loss);
  seconds.push(trainSeconds);
}
const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
const sd = Math.sqrt(
  losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / Math.max(1, losses.length - 1),
);
const row = [positionals.join(' ') || values.recipe, mean.toFixed(4), sd.toFixed(4)];
console.log(
  `| ${[...row, losses.map((loss) => loss.toFixed(4)).join(' '), Math.min(...seconds).toFixed(1)].join(' | ')} |`,
);

/** Trains without evaluation, then measures the whole held-out tenth in windows of 64 tokens. */
async function train(
  recipe: ReturnType<typeof parseRecipe>,
): Promise<{ loss: number; trainSeconds: number }> {
  const dataset = new Dataset(seen, recipe.blockSize);
  const model = createModel(recipe, tokenizer.vocabSize, new Generator(recipe.seed));
  const device = new CpuDevice({ threads: Number(values.threads) });
  const step = await TrainingStep.create(model, device, recipe);
  const batches = batchStream({ recipe, generator: new Generator(recipe.seed) });
  const learningRate = cosineSchedule({
    learningRate: recipe.learningRate,
    minLearningRate: recipe.minLr,
    warmupIters: recipe.warmupIters,
    decayIters: recipe.lrDecayIters,
  });
  const begin = performance.now();
  for (let i = 0; i < recipe.maxIters; i++) {
    await step.run(i + 1, learningRate(i), (x, y) => dataset.batch('train', batches, x, y));
  }
  const trainSeconds = (performance.now() - begin) / 1000;
  const evaluator = await Evaluator.create(model, dataset, device, recipe.batchSize);
  const { loss } = await evaluator.wholeSplit('validation');
  await device.dispose();
  return { loss, trainSeconds };
}
