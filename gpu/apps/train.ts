// A page, or a worker, that trains on the GPU and samples: what the test reads.
import { createTraining, plays } from '../../src/index.ts';
import { WebGpuDevice } from '../../src/webgpu.ts';

export interface Result {
  readonly adapter: string;
  readonly losses: readonly number[];
  readonly sample: string;
  readonly error?: string;
}

async function main(): Promise<Result> {
  const device = await WebGpuDevice.create();
  const { trainer, model } = await createTraining({
    recipe: 'shakespeare-char-cpu',
    ...{ nLayer: 1, nHead: 2, nEmbd: 32, blockSize: 16, batchSize: 4, learningRate: 3e-3 },
    ...{ maxIters: 60, evalIters: 1, text: plays({ characters: 20_000, seed: 1 }), device },
  });
  const losses: number[] = [];
  for await (const event of trainer.run()) if (event.type === 'step') losses.push(event.loss);
  let sample = '';
  for await (const piece of model.generate('The ', { tokens: 20, seed: 1 })) sample += piece;
  const { name } = device.adapter;
  await device.dispose();
  return { adapter: name, losses, sample };
}

const failed = (error: unknown): Result => ({ adapter: '', losses: [], sample: '', error: String(error) });
const result = main().catch(failed);
if (globalThis.document) Object.assign(globalThis, { result });
else result.then((message) => globalThis.postMessage(message));
