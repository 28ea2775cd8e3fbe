// nanobard as a library: train on a text, watch, and let the model write. The README shows this file.
import { loadModel, TrainingRun } from 'nanobard/node';

const data = 'plays'; // or the path of a text file
const run = await TrainingRun.create({
  recipe: 'shakespeare-char-cpu',
  maxIters: 200,
  data,
  folder: 'runs/mine',
});
for await (const event of run.events()) {
  if (event.type === 'eval') console.log(`step ${event.step}: validation loss ${event.val.toFixed(3)}`);
}
const model = await loadModel('runs/mine'); // a folder, an address, a file or its bytes
for await (const text of model.generate('', { tokens: 200, temperature: 0.8 })) process.stdout.write(text);
await model.dispose();
