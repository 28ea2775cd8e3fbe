// What goes wrong becomes an error that says so; runs and variables keep their order.
import { expect, it, vi } from 'vitest';
import { WebGpuDevice } from '../src/engine/devices/webgpu/webgpu-device.ts';
import { add, broadcastTo, constant, contiguous, scalar, sum } from '../src/engine/ops/index.ts';
import { assign } from '../src/engine/program/trace.ts';
import { type Tensor, Variable } from '../src/engine/tensor/index.ts';
import { gpu, watched } from './support/adapter.ts';

const pair = constant(Float32Array.of(1, 2));

it('a lost GPU fails what is under way and what comes after', async () => {
  const { gpu: source, devices } = watched();
  const device = await WebGpuDevice.create({ gpu: source });
  const double = device.compile((x: Tensor) => add(x, x));
  expect([...((await double(pair)) as { data: Float32Array }).data]).toEqual([2, 4]);
  await double.run(pair);
  const late = double.read();
  devices[0]!.destroy();
  const lost = { code: 'device', message: expect.stringMatching(/^the GPU \(.+\) was lost: /) };
  await expect(late).rejects.toMatchObject(lost);
  await expect(double(pair)).rejects.toMatchObject(lost);
  await expect(device.evaluate(add(pair, pair))).rejects.toMatchObject(lost);
});

it('a device that was disposed of says so', async () => {
  const device = await WebGpuDevice.create({ gpu });
  await device.dispose();
  await expect(device.evaluate(add(pair, pair))).rejects.toMatchObject({
    code: 'device',
    message: expect.stringContaining('disposed of'),
  });
});

it('a tensor that no buffer holds is refused before anything runs', async () => {
  const device = await WebGpuDevice.create({ gpu });
  const size = device.adapter.bankBytes / 4 + 1;
  const large = sum(contiguous(broadcastTo(scalar(1), [size])));
  await expect(device.evaluate(large)).rejects.toMatchObject({
    code: 'memory',
    message: expect.stringMatching(/needs [\d,]+ MB in one piece, but a buffer of this GPU holds [\d,]+ MB/),
  });
  const table = new Variable([size], { name: 'wte' });
  await expect(device.evaluate(sum(table))).rejects.toMatchObject({
    code: 'memory',
    message: expect.stringContaining('variable wte'),
  });
  expect([...(await device.evaluate(add(pair, pair))).data]).toEqual([2, 4]);
  await device.dispose();
});

it('memory that the GPU has not is an error of its own, and leaves the device in order', async () => {
  const { gpu: source, devices } = watched();
  const device = await WebGpuDevice.create({ gpu: source });
  const before = device.bytes;
  const full = { message: 'no memory left' } as GPUError;
  const scope = vi
    .spyOn(devices[0]!, 'popErrorScope')
    .mockResolvedValueOnce(null)
    .mockResolvedValueOnce(full);
  await expect(device.evaluate(add(pair, pair))).rejects.toMatchObject({
    code: 'memory',
    message: expect.stringContaining('no memory left'),
  });
  scope.mockRestore();
  expect(device.bytes).toBe(before);
  expect([...(await device.evaluate(add(pair, pair))).data]).toEqual([2, 4]);
  expect(device.bytes).toBe(before);
  await device.dispose();
});

it('variables keep their values between programs, and give their memory back', async () => {
  const device = await WebGpuDevice.create({ gpu });
  const counter = new Variable([3], { name: 'counter', initial: Float32Array.of(1, 2, 3) });
  const other = new Variable([2], { name: 'other' });
  await device.write(other, [7, 8]);
  expect([...(await device.read(other))]).toEqual([7, 8]);
  expect([...(await device.evaluate(add(sum(counter), sum(other)))).data]).toEqual([21]);
  await device.write(counter, [4, 5, 6]);
  expect([...(await device.evaluate(counter)).data]).toEqual([4, 5, 6]);
  expect([...(await device.read(counter))]).toEqual([4, 5, 6]);
  device.release([counter]);
  expect([...(await device.read(other))]).toEqual([7, 8]);
  device.release([other]);
  expect(device.bytes).toBe(0);
  await device.dispose();
});

it('runs that nobody waits for follow one another', async () => {
  const device = await WebGpuDevice.create({ gpu });
  const counter = new Variable([], { name: 'counter' });
  const count = device.compile(() => {
    const next = add(counter, 1);
    assign(counter, next);
    return next;
  });
  await count.load();
  for (let i = 0; i < 10; i++) void count.run();
  expect(await count.read()).toBe(10);
  expect(await count()).toBe(11);
  expect([...(await device.read(counter))]).toEqual([11]);
  count.dispose();
  await device.dispose();
});
