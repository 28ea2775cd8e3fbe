// nanobard as a library: train on a text, watch, and let the model write. The README shows this file.
import { recipes, SavedModel, TrainingRun } from 'nanobard/node';

const recipe = { ...recipes['shakespeare-char-cpu'].recipe, maxIters: 200 };
const data = 'plays'; // or the path of a text file
const run = await TrainingRun.create({ recipeName: 'mine', recipe, data, folder: 'runs/mine' });
for await (const event of run.events()) {
  if (event.type === 'eval') console.log(`step ${event.iter}: validation loss ${event.val.toFixed(3)}`);
}
const model = await SavedModel.load('runs/mine');
for await (const text of model.generate('', { tokens: 200, temperature: 0.8 })) process.stdout.write(text);
