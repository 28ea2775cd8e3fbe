import { describe, expect, it } from 'vitest';
import { add, gelu, mul, neg } from '../../ops/elementwise/elementwise.ts';
import { linear, matmul } from '../../ops/matmul/matmul.ts';
import { compile } from '../../program/compile.ts';
import { Input, Variable } from '../../tensor/tensor.ts';
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

describe('pause', () => {
  const [a, b, same] = ['a', 'b', 'same'].map(
    (name) => new Variable([2], { name, initial: Float32Array.of(7, 7) }),
  );
  const x = new Input('x', [2]);
  const negative = neg(x);
  const program = compile({
    outputs: { y: add(negative, 1) },
    assign: [
      [a!, negative],
      [same!, negative], // copied from the other at the end
      [b!, mul(negative, 2)],
    ],
  });

  it.each([1, 2])('shows variables that a run has completed, on %i threads', async (threads) => {
    const device = await CpuDevice.create({ threads, flopsPerThread: 1, background: false });
    const executable = await device.load(program);
    const values = await Promise.all([a!, same!, b!].map((variable) => device.view(variable)));
    const seen: unknown[] = [];
    executable.pause!((completed) =>
      seen.push(
        ...completed.map(({ name }) => name),
        values.map(([first]) => first),
      ),
    );
    for (const value of [0, 1]) {
      executable.input('x').fill(value);
      executable.run();
      expect(executable.read('y')).toEqual(Float32Array.of(1 - value, 1 - value));
    }
    expect(seen).toEqual([
      'b',
      [-0, 7, -0],
      'a',
      'same',
      [-0, -0, -0],
      'b',
      [-1, -0, -2],
      'a',
      'same',
      [-1, -1, -2],
    ]);
    await device.dispose();
  });

  it('is not offered where programs run on another thread', async () => {
    const device = await CpuDevice.create({ threads: 1, background: true });
    expect((await device.load(program)).pause).toBeUndefined();
    await device.dispose();
  });
});
