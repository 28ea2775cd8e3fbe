// %% fast
import { createTraining, loadModel } from 'nanobard';
import { text } from './1-data.ts';
import { device } from './3-bigram.ts';
import { limits } from './4-training.ts';
import { curve } from './figures.ts';

const { trainer, model } = await createTraining({
  recipe: 'fast',
  text,
  device,
  maxIters: 320,
  evalInterval: 80,
});
const losses = curve('loss', limits);
for await (const event of trainer.run()) {
  if (event.type !== 'eval') continue;
  console.log(`step ${event.step}: train loss ${event.train.toFixed(4)}, val loss ${event.val.toFixed(4)}`);
  losses.add(event.step, { train: event.train, val: event.val });
}

// %% write
console.log(await model.write('ROMEO:', { tokens: 300, temperature: 0.8 }));

// %% save
const file = await model.save();
console.log('the whole model in', file.length, 'bytes');
const again = await loadModel(file, { device });
console.log(await again.write('JULIET:', { tokens: 100 }));
