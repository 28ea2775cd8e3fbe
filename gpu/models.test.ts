// Models of each kind learn on the GPU what they learn on the CPU.
import { afterAll, describe, expect, it, vi } from 'vitest';
import { CpuDevice } from '../src/engine/devices/cpu/cpu-device.ts';
import type { TrainerState } from '../src/language/train/checkpoint.ts';
import { expectClose } from '../src/testing/check.ts';
import { device, gpuDevice } from './support/adapter.ts';
import { losses, models, training, weights } from './support/models.ts';

const cpu = await CpuDevice.create({ threads: 1 });
afterAll(() => cpu.dispose());

const flat = (tensors: ReadonlyMap<string, ArrayLike<number>>): number[] =>
  [...tensors.values()].flatMap((values) => Array.from(values));

describe.each(Object.entries(models))('%s', (_name, recipe) => {
  it('has the losses and weights of the CPU after 50 steps, and the same bits each time', async () => {
    const onCpu = await training(cpu, recipe);
    const expected = await losses(onCpu);
    const onGpu = await training(device, recipe);
    const actual = await losses(onGpu);
    expect(actual.length).toBe(50);
    const worst = Math.max(...actual.map((loss, i) => Math.abs(loss - expected[i]!)));
    expect(worst).toBeLessThan(1e-5);
    // All together: where a gradient is nothing but rounding, as that of a key's bias, AdamW makes steps of it, and
    // no two devices agree on them.
    const [a, b] = [await weights(onGpu), await weights(onCpu)];
    expectClose(flat(a), flat(b), 1e-4, 'weights and state');

    const again = await training(device, recipe);
    expect(await losses(again)).toEqual(actual);
    expect(await weights(again)).toEqual(a);
    for (const { trainer } of [onCpu, onGpu, again]) trainer.dispose();
  });
});

describe('a step', () => {
  it('is one upload and one submission, and makes nothing', async () => {
    const onGpu = await training(device, models.gpt!);
    await losses(onGpu, 2); // all that is made at the first evaluation and steps is there
    const making = [
      'createBuffer',
      'createBindGroup',
      'createComputePipeline',
      'createComputePipelineAsync',
      'createShaderModule',
    ] as const;
    const made = making.map((method) => vi.spyOn(gpuDevice, method));
    const submit = vi.spyOn(gpuDevice.queue, 'submit');
    const upload = vi.spyOn(gpuDevice.queue, 'writeBuffer');
    const steps = (await losses(onGpu, 12)).length;
    expect(steps).toBeGreaterThanOrEqual(7);
    expect(submit).toHaveBeenCalledTimes(steps);
    expect(upload).toHaveBeenCalledTimes(steps);
    for (const spy of made) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    onGpu.trainer.dispose();
  });
});

describe('a run', () => {
  it('never waits for the step that it has just begun', async () => {
    const { trainer } = await training(device, models.gpt!);
    const start = vi.spyOn(trainer.training, 'start');
    for await (const { type, step } of trainer.run()) {
      if (type !== 'step') continue;
      expect(start.mock.calls.length).toBe(Math.min(step + 3, 50));
    }
    vi.restoreAllMocks();
    trainer.dispose();
  });
});

describe('a checkpoint', () => {
  it('moves from the CPU to the GPU and back', async () => {
    const recipe = models.gpt!;
    const through = await training(cpu, { ...recipe, maxIters: 15 });
    const expected = await losses(through);
    const actual: number[] = [];
    let state: TrainerState | undefined;
    for (const [place, last] of [
      [cpu, 5],
      [device, 10],
      [cpu, 15],
    ] as const) {
      const part = await training(place, { ...recipe, maxIters: last });
      if (state) await part.trainer.restore(state);
      actual.push(...(await losses(part)));
      state = await part.trainer.state();
      part.trainer.dispose();
    }
    expect(actual.length).toBe(15);
    for (const [i, loss] of actual.entries()) expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-4);
    through.trainer.dispose();
  });
});

it('generates the text that the CPU generates', async () => {
  for (const name of ['gpt', 'modern'] as const) {
    const texts: string[] = [];
    for (const place of [cpu, device]) {
      const { model } = await training(place, models[name]!);
      let text = '';
      for await (const piece of model.generate('The ', { tokens: 30, seed: 5 })) text += piece;
      texts.push(text);
      const together = ['', '', ''];
      const pieces = model.generateAll(['The ', 'A', 'The '], { tokens: 30, seed: 5 });
      for await (const { index, text } of pieces) together[index] += text;
      expect(together[0]).toBe(text);
      expect(together[1]).not.toBe(together[2]);
    }
    expect(texts[1]).toBe(texts[0]);
  }
});
