// A page that trains for long on the GPU: how its heap stands, and which GPU objects it makes, as the test reads them.
import { createTraining, plays } from '../../src/index.ts';
import { WebGpuDevice } from '../../src/webgpu.ts';

/** Steps after which the heap is looked at; what is compiled late has been compiled at the first. */
const LOOKS = [400, 800, 1200, 1600, 2000];

export interface Long {
  /** Bytes of the heap, all garbage collected, at each look. */
  readonly heap: readonly number[];
  /** GPU objects that were made between the first look and the last. */
  readonly made: readonly string[];
}

/** Chromium's, with `--js-flags=--expose-gc --enable-precise-memory-info`. */
declare const gc: () => void;
declare const performance: { readonly memory: { readonly usedJSHeapSize: number } };

async function main(): Promise<Long> {
  const made: string[] = [];
  let watched = false;
  for (const name of Object.getOwnPropertyNames(GPUDevice.prototype).filter((name) => /^create/.test(name))) {
    // An encoder and its pass are what a submit is; they hold no memory of the GPU.
    if (name === 'createCommandEncoder') continue;
    const make: unknown = Reflect.get(GPUDevice.prototype, name);
    if (typeof make !== 'function') continue;
    Reflect.set(GPUDevice.prototype, name, function (this: GPUDevice, ...args: unknown[]): unknown {
      if (watched) made.push(name);
      return Reflect.apply(make, this, args);
    });
  }
  const device = await WebGpuDevice.create();
  const { trainer } = await createTraining({
    recipe: 'shakespeare-char-cpu',
    ...{ nLayer: 1, nHead: 2, nEmbd: 32, blockSize: 16, batchSize: 4, learningRate: 3e-3 },
    ...{ maxIters: LOOKS.at(-1)!, evalInterval: LOOKS.at(-1)!, evalIters: 1 },
    ...{ text: plays({ characters: 20_000, seed: 1 }), device },
  });
  const heap: number[] = [];
  for await (const event of trainer.run()) {
    if (event.type !== 'step' || !LOOKS.includes(event.step)) continue;
    watched = event.step < LOOKS.at(-1)!;
    await new Promise((resolve) => setTimeout(resolve, 100));
    gc();
    heap.push(performance.memory.usedJSHeapSize);
  }
  await device.dispose();
  return { heap, made };
}

Object.assign(globalThis, { long: main() });
