// Trains in a run folder, as a server or an extension would that bundles all its code into one file.
import { TrainingRun } from 'nanobard/node';

async function main() {
  const run = await TrainingRun.create({
    recipe: 'bigram',
    data: 'plays',
    maxIters: 2,
    evalIters: 1,
    folder: 'runs/bundled',
  });
  for await (const event of run.events()) {
    if (event.type === 'eval') console.log(`step ${event.step}: validation loss ${event.val.toFixed(3)}`);
  }
}

main();
