// A few steps of training, a sample and the files of an export, the same in every bundle: in a page's title, or printed.
import { createDevice, createTraining, plays } from 'nanobard';
import { exportModel } from 'nanobard/formats';

async function main() {
  const device = await createDevice();
  const text = plays({ characters: 20_000, seed: 1 });
  const { trainer, model } = await createTraining({
    recipe: 'shakespeare-char-cpu',
    text,
    device,
    maxIters: 3,
    evalIters: 1,
  });
  let loss = 0;
  for await (const event of trainer.run()) if (event.type === 'step') loss = event.loss;
  let sample = '';
  for await (const piece of model.generate('The ', { tokens: 20, seed: 1 })) sample += piece;
  const files = exportModel(await model.modelFile(), 'hf').map(({ name }) => name);
  await device.dispose();
  return JSON.stringify({ loss, sample, files });
}

const report = (result) => {
  if (globalThis.document) document.title = result;
  else console.log(result);
};
main().then(report, (error) => report(`failed: ${error.stack}`));
