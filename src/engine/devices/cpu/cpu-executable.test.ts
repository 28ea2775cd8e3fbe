import { expect, it } from 'vitest';
import { gelu } from '../../ops/elementwise/elementwise.ts';
import { linear, matmul } from '../../ops/matmul/matmul.ts';
import { compile } from '../../program/compile.ts';
import { Input } from '../../tensor/tensor.ts';
import { CpuDevice } from './cpu-device.ts';

it('does not run after it was disposed of', async () => {
  const device = await CpuDevice.create({ threads: 1 });
  const executable = await device.load(compile({ outputs: { y: gelu(new Input('x', [3])) } }));
  executable.run();
  executable.dispose();
  expect(() => executable.run()).toThrow('the program was disposed of');
  await expect(executable.profile()).rejects.toThrow('the program was disposed of');
});

it('is never given integers where kernels read floats', () => {
  const ids = new Input('ids', [2, 2], 'i32');
  const x = new Input('x', [2, 2]);
  expect(() => gelu(ids)).toThrow('gelu: works on f32');
  expect(() => linear(ids, x)).toThrow('linear: works on f32');
  expect(() => matmul(x, ids)).toThrow('matmul: works on f32');
});

it('multiplies nothing by nothing', async () => {
  const device = await CpuDevice.create({ threads: 1 });
  const product = matmul(new Input('a', [0, 3]), new Input('b', [3, 4]));
  expect((await device.evaluate(product, { a: [], b: new Float32Array(12) })).data.length).toBe(0);
});
