// How a run remembers that activations are stored as f16.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import { known, type MakeDevice } from '../../engine/devices/known.ts';
import { DynamicLossScale } from '../../engine/devices/webgpu/loss-scale.ts';
import { results } from '../../testing/outcome.ts';
import { create, machine, train } from '../../testing/runs.ts';
import { TrainingRun } from './training.ts';

afterEach(() => known.clear());

/** A device that says it is a GPU with f16. */
const gpu = vi.fn<MakeDevice>(async ({ dtype = 'f32' }) => {
  const cpu = await CpuDevice.create({ threads: 1 });
  const scaling = dtype === 'f16' && { newLossScale: () => new DynamicLossScale() };
  return Object.assign(cpu, {
    name: 'webgpu',
    adapter: { name: 'fake', software: false },
    dtype,
    ...scaling,
  });
});

const dtypeOf = async (folder: string): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')).dtype;

it('a run goes on in f16 without being told, and in f32 elsewhere if it is', async () => {
  known.set('webgpu', gpu);
  const all = results(await train(await create()));
  const run = await create({ device: 'webgpu', dtype: 'f16' });
  const folder = run.folder.path;
  const first = await train(run, 2);
  expect(await dtypeOf(folder)).toBe('f16');
  await expect(TrainingRun.resume({ folder, ...machine, device: 'cpu' })).rejects.toMatchObject({
    code: 'device',
    options: ['dtype', 'device'],
  });
  const second = await train(await TrainingRun.resume({ folder, device: 'webgpu' }), 4);
  expect(gpu.mock.calls.map(([{ dtype }]) => dtype)).toEqual(['f16', 'f16']);
  const third = await train(await TrainingRun.resume({ folder, ...machine, device: 'cpu', dtype: 'f32' }));
  expect(await dtypeOf(folder)).toBe('f32');
  // The scale of the loss changes no bit where nothing is rounded to f16.
  expect([first, second, third].flatMap((events) => [...results(events)])).toEqual(all);
});

it('a run that was told nothing says nothing of it', async () => {
  const run = await create();
  await train(run);
  expect(await dtypeOf(run.folder.path)).toBeUndefined();
});
