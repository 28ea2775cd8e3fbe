// One line for docs/fast.md: what a recipe with changes reaches, over several seeds. Trains on the training split
// without its last tenth and measures that tenth, so that the validation split stays unseen.
//
//     npm run tune -- --recipe fast --seeds 3 --text FILE maxIters=400 ngramRows=32768
//
// FILE is a file, or the name of a corpus; tinyshakespeare by default.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  CharTokenizer,
  CpuDevice,
  changeRecipe,
  chooseRecipe,
  createModel,
  Dataset,
  Evaluator,
  Generator,
  type Recipe,
  type RecipeName,
  recipes,
  Trainer,
} from '../src/index.ts';
import { loadCorpus } from '../src/node/corpus.ts';
import { mean } from './common/results.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    recipe: { type: 'string', default: 'fast' },
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    text: { type: 'string', default: 'tinyshakespeare' },
  },
});

const { text } = await loadCorpus(values.text);
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
  const changed = changeRecipe(named, { ...fields, seed });
  const recipe = chooseRecipe({ ...changed, evalInterval: changed.maxIters, evalIters: 1 });
  const { loss, trainSeconds } = await train(recipe);
  losses.push(loss);
  seconds.push(trainSeconds);
}
const average = mean(losses);
const squares = losses.map((loss) => (loss - average) ** 2);
const sd = Math.sqrt((mean(squares) * losses.length) / Math.max(1, losses.length - 1));
const row = [positionals.join(' ') || values.recipe, average.toFixed(4), sd.toFixed(4)];
console.log(
  `| ${[...row, losses.map((loss) => loss.toFixed(4)).join(' '), Math.min(...seconds).toFixed(1)].join(' | ')} |`,
);

/** Trains with one brief evaluation, before the first update, then measures the whole held-out tenth in windows of the recipe's block. */
async function train(recipe: Recipe): Promise<{ loss: number; trainSeconds: number }> {
  const dataset = new Dataset(seen, recipe.blockSize);
  const generator = new Generator(recipe.seed);
  const model = createModel({ ...recipe, vocabSize: tokenizer.vocabSize }).initialize(generator);
  const device = await CpuDevice.create({ threads: Number(values.threads) });
  const trainer = await Trainer.create({ model, dataset, device, config: recipe, generator });
  let trainSeconds = 0;
  for await (const event of trainer.run()) {
    if (event.type !== 'step') continue;
    trainSeconds += event.ms / 1000;
    if (event.step === recipe.maxIters) break; // before the trainer's own last evaluation
  }
  const evaluator = await Evaluator.create(model, dataset, device, recipe.batchSize);
  const { loss } = await evaluator.wholeSplit('validation');
  await device.dispose();
  return { loss, trainSeconds };
}
