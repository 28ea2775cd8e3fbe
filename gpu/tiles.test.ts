// Tiles of matrix products: measured and remembered, and without effect on a single bit.
import { expect, it, vi } from 'vitest';
import { ShortMemo } from '../src/engine/devices/memo.ts';
import { WebGpuDevice } from '../src/engine/devices/webgpu/webgpu-device.ts';
import { constant, matmul, transpose } from '../src/engine/ops/index.ts';
import { tiles } from '../src/engine/ops/shared/tile.ts';
import { values } from '../src/testing/check.ts';
import { posing } from './support/adapter.ts';

const factor = (rows: number, columns: number, seed: number) =>
  constant(values([rows, columns], seed).data, [rows, columns]);

/** No side is a multiple of a tile's: each factor once by rows and once by columns. */
const products = [
  matmul(factor(131, 45, 1), factor(45, 70, 2)),
  matmul(transpose(factor(45, 131, 1), 0, 1), transpose(factor(70, 45, 2), 0, 1)),
];

async function bits(memo: ShortMemo): Promise<Uint32Array[]> {
  const device = await WebGpuDevice.create({ gpu: posing, memo });
  const results = [];
  for (const product of products) {
    const { data } = await device.evaluate(product);
    results.push(new Uint32Array(Float32Array.from(data).buffer));
  }
  await device.dispose();
  return results;
}

it('every tile gives the same bits, and the fastest is remembered', async () => {
  const measured = new ShortMemo();
  const remember = vi.spyOn(measured, 'set');
  const expected = await bits(measured);
  const [key, text] = remember.mock.lastCall!;
  const shapes = (JSON.parse(text) as [string, string][]).map(([shape]) => shape);
  expect(shapes.length).toBe(2);
  for (const { rows, columns, threadRows } of tiles) {
    const memo = new ShortMemo();
    const name = `${rows} × ${columns} / ${threadRows}`;
    await memo.set(key, JSON.stringify(shapes.map((shape) => [shape, name])));
    const set = vi.spyOn(memo, 'set');
    expect(await bits(memo), name).toEqual(expected);
    expect(set).not.toHaveBeenCalled(); // nothing was left to be measured
  }
});
