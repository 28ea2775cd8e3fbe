// What a page needs to train a GPT on the CPU and to sample it.
import { createDevice, createTraining } from 'nanobard';

const device = await createDevice();
const text = await (await fetch('text.txt')).text();
const { trainer, model } = await createTraining({ recipe: 'shakespeare-char-cpu', text, device });
for await (const event of trainer.run()) if (event.type === 'step') console.log(event.loss);
for await (const piece of model.generate('To ')) document.body.append(piece);
