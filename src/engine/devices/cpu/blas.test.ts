import { describe, expect, it } from 'vitest';
import { expectClose, reference, values } from '../../../testing/check.ts';
import { linear, matmul } from '../../ops/matmul/matmul.ts';
import { transpose } from '../../ops/views/views.ts';
import { compile } from '../../program/compile.ts';
import { type Tensor, Variable } from '../../tensor/tensor.ts';
import { findBlas } from './blas.ts';
import { CpuDevice } from './cpu-device.ts';

const library = findBlas('auto')?.library;

describe('BLAS', () => {
  it('off means off, and what is not a library is named', async () => {
    expect(findBlas('off')).toBeUndefined();
    expect((await CpuDevice.create({ threads: 1 })).blas).toBeUndefined();
    expect(() => findBlas('/nowhere/libblas.so')).toThrow('/nowhere/libblas.so');
  });

  it.skipIf(library === undefined)(
    'gives the reference’s products, however operands lie (needs a BLAS library)',
    async () => {
      const variable = (m: number, n: number, seed: number): Tensor =>
        new Variable([m, n], { initial: values([m, n], seed).data });
      const t = (x: Tensor): Tensor => transpose(x, 0, 1);
      const products = [
        matmul(variable(70, 50, 1), variable(50, 90, 2)),
        matmul(t(variable(50, 70, 1)), variable(50, 90, 2)),
        matmul(variable(70, 50, 1), t(variable(90, 50, 2))),
        matmul(t(variable(50, 170, 1)), t(variable(90, 50, 2))),
        linear(
          variable(130, 40, 1),
          variable(33, 40, 2),
          new Variable([33], { initial: values([33], 3).data }),
        ),
        linear(variable(13, 140, 1), variable(133, 140, 2)),
      ];
      for (const threads of [1, 2, 3]) {
        const device = await CpuDevice.create({ blas: 'auto', threads, flopsPerThread: 1 });
        for (const product of products) {
          const { data } = await device.evaluate(product);
          expectClose(data, (await reference.evaluate(product)).data, 1e-6, `${threads} threads`);
        }
        await device.dispose();
      }
    },
  );

  it.skipIf(library === undefined)('is what a device with it uses (needs a BLAS library)', async () => {
    // A library that multiplies leaves the bits of our own kernels: sums are taken in another order.
    const [a, b] = [1, 2].map((seed) => new Variable([257, 513], { initial: values([257, 513], seed).data }));
    const program = compile({ outputs: { y: matmul(a!, transpose(b!, 0, 1)) } });
    const results = [];
    for (const blas of ['off', 'auto'] as const) {
      const device = await CpuDevice.create({ blas });
      const executable = await device.load(program);
      executable.run();
      results.push((await executable.read('y')).slice());
      await device.dispose();
    }
    expect(results[0]).not.toEqual(results[1]);
  });
});
