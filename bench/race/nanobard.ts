// nanobard's side of the race: node nanobard.js TEXT SEED STEPS EVERY RECIPE BLAS
import {
  CharTokenizer,
  CpuDevice,
  changeRecipe,
  createModel,
  Dataset,
  Evaluator,
  Generator,
  loadCorpus,
  type RecipeName,
  recipes,
  Trainer,
  version,
} from '../../dist/node.js';

/** What PyTorch is given too. */
const THREADS = 2;
const EVALUATION_BATCH = 16;

const [text, seed, steps, every, recipeName, blas] = process.argv.slice(2) as [
  ...[string, string, string, string],
  ...[RecipeName, string],
];
const maxIters = Number(steps);
// The trainer's own evaluations are left out as far as that goes: they draw from a random stream of their own.
const recipe = changeRecipe(recipes[recipeName].recipe, {
  seed: Number(seed),
  maxIters,
  evalInterval: maxIters,
  evalIters: 1,
});

/** The same steps as in nanogpt.py: powers of two, every so many, and the last. */
const isDue = (step: number): boolean =>
  Number.isInteger(Math.log2(step)) || step % Number(every) === 0 || step === maxIters;

const corpus = await loadCorpus(text);
const tokenizer = CharTokenizer.fromText(corpus.text);
const dataset = new Dataset(tokenizer.encode(corpus.text), recipe.blockSize);
const generator = new Generator(recipe.seed);
const device = await CpuDevice.create({ threads: THREADS, blas });
const model = createModel({ ...recipe, vocabSize: tokenizer.vocabSize }).initialize(generator);
const trainer = await Trainer.create({ model, dataset, device, config: recipe, generator });
const evaluator = await Evaluator.create(model, dataset, device, EVALUATION_BATCH);

const points: [step: number, seconds: number, loss: number][] = [];
let seconds = 0;
// The clock runs from the end of one event to the next: all that happens for an update, batches included.
let begin = performance.now();
for await (const event of trainer.run()) {
  if (event.type === 'step') seconds += (performance.now() - begin) / 1000;
  if (event.type === 'start' || (event.type === 'step' && isDue(event.step))) {
    points.push([event.step, seconds, (await evaluator.wholeSplit('validation')).loss]);
    if (event.step === maxIters) break;
  }
  begin = performance.now();
}
await device.dispose();

const arithmetic = `${device.blas ?? 'WebAssembly'}, SIMD ${device.simd}`;
console.log(
  JSON.stringify({
    name: `nanobard ${version}, ${recipeName}, ${arithmetic}`,
    parameters: model.parameterCount(),
    points,
  }),
);
