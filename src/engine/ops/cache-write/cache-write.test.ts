import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkThreads,
  cpus,
  devices,
  extent,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { placedOnCpu } from '../../../testing/program.ts';
import { fillInputs } from '../../devices/evaluate.ts';
import { compile } from '../../program/compile.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { add } from '../elementwise/elementwise.ts';
import { cacheWrite } from './cache-write.ts';

const at = (position: number): Tensor => constant(Int32Array.of(position), []);

describe('cacheWrite', () => {
  it('replaces rows of dimension 1', async () => {
    const cache = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3, 1]);
    const update = constant(Float32Array.of(10, 20, 30, 40), [2, 2, 1]);
    const y = await reference.evaluate(cacheWrite(cache, update, at(1)));
    expect(Array.from(y.data)).toEqual([1, 10, 20, 4, 30, 40]);
  });

  it('is the same on every device, and drops rows that lie outside', async () => {
    await fc.assert(
      fc.asyncProperty(
        extent,
        extent,
        extent,
        extent,
        fc.integer({ min: -10, max: 40 }),
        async (B, T, C, t, position) => {
          const operands = [values([B, T, C], 1), values([B, t, C], 2)];
          const write = (cache: Tensor, update: Tensor): Tensor => cacheWrite(cache, update, at(position));
          await checkDevices(write, operands, { gradients: false, tolerance: 0 });
        },
      ),
      RUNS,
    );
    for (const position of [2 ** 31 - 1, -(2 ** 31)]) {
      const write = (cache: Tensor, update: Tensor): Tensor => cacheWrite(cache, update, at(position));
      const operands = [values([2, 5, 3], 1), values([2, 2, 3], 2)];
      await checkDevices(write, operands, { gradients: false, tolerance: 0 });
    }
  });

  it('writes the first sequences, each at a position of its own', async () => {
    const positions = constant(Int32Array.of(3, -1, 2));
    const write = (cache: Tensor, update: Tensor): Tensor => cacheWrite(cache, update, positions);
    for (const t of [1, 2, 6]) {
      const operands = [values([5, 4, 3], 1), values([3, t, 3], 2)];
      await checkDevices(write, operands, { gradients: false, tolerance: 0 });
    }
    const cache = constant(new Float32Array(6), [3, 2, 1]);
    const y = await reference.evaluate(
      cacheWrite(cache, constant(Float32Array.of(7, 8), [2, 1, 1]), constant(Int32Array.of(1, 0))),
    );
    expect(Array.from(y.data)).toEqual([0, 7, 8, 0, 0, 0]);
  });

  it('keeps integers that are no float32', async () => {
    const operands = [
      { shape: [2, 3, 2], dtype: 'i32', data: Int32Array.from({ length: 12 }, (_, i) => 2 ** 31 - 1 - i) },
      { shape: [2, 2, 2], dtype: 'i32', data: Int32Array.from({ length: 8 }, (_, i) => i - 2 ** 31) },
    ] as const;
    for (const position of [0, 1, 2]) {
      const write = (cache: Tensor, update: Tensor): Tensor => cacheWrite(cache, update, at(position));
      await checkDevices(write, operands, { gradients: false, tolerance: 0 });
    }
    const tokens = new Variable([2, 4, 1], { dtype: 'i32' });
    const assign = [[tokens, cacheWrite(tokens, new Input('x', [2, 1, 1], 'i32'), at(2))]] as const;
    const program = compile({ assign });
    expect(placedOnCpu(program).instructions.map(({ op }) => op)).toEqual(['cache-write']);
    for (const device of devices) {
      const executable = await device.load(program);
      fillInputs(executable, { x: [16777217, -1] });
      await executable.run();
      expect(await device.read(tokens)).toEqual(Int32Array.of(0, 0, 16777217, 0, 0, 0, -1, 0));
    }
  });

  it('writes a variable in place, one position after another', async () => {
    const cache = new Variable([2, 4, 3], { name: 'cache' });
    const update = new Input('update', [2, 1, 3]);
    const position = new Input('position', [], 'i32');
    const assign = [[cache, cacheWrite(cache, update, position)]] as const;
    const program = compile({ assign });
    const { instructions, arenaBytes } = placedOnCpu(program);
    expect(instructions.map(({ op }) => op)).toEqual(['cache-write']);
    expect(arenaBytes).toBe(0);
    for (const device of Object.values(cpus)) {
      const executable = await device.load(program);
      for (let i = 0; i < 5; i++) {
        executable.input('position')[0] = i;
        executable.input('update').set([10, 11, 12, 20, 21, 22].map((v) => v + 100 * i));
        await executable.run();
      }
      const expected = [10, 20].flatMap((first) =>
        [0, 1, 2, 3].flatMap((i) => [0, 1, 2].map((c) => first + c + 100 * i)),
      );
      expect(Array.from(await device.read(cache))).toEqual(expected);
    }
  });

  it('is the same for any number of threads', async () => {
    const cache = add(constant(values([3, 300, 250], 1).data, [3, 300, 250]), 1);
    const update = constant(values([3, 100, 250], 2).data, [3, 100, 250]);
    const y = cacheWrite(cache, update, at(250));
    await checkThreads(y);
  });

  it('names what does not fit', () => {
    const cache = new Input('cache', [2, 4, 3]);
    expect(() => cacheWrite(cache, new Input('update', [2, 1, 4]), at(0))).toThrow(
      'cacheWrite: the cache must have the shape (B, T, C) and the update (b, t, C) with b ≤ B (given (2, 4, 3) and (2, 1, 4))',
    );
    expect(() => cacheWrite(new Input('c', [4, 3]), new Input('u', [1, 3]), at(0))).toThrow(
      '(4, 3) and (1, 3)',
    );
    expect(() => cacheWrite(cache, new Input('u', [3, 1, 3]), at(0))).toThrow(
      'with b ≤ B (given (2, 4, 3) and (3, 1, 3))',
    );
    const one = new Input('p', [1], 'i32');
    expect(() => cacheWrite(cache, cache, one)).toThrow(
      'position must be an i32 scalar or a number for each of 2',
    );
    expect(() => cacheWrite(cache, cache, new Input('p', []))).toThrow('not f32 ()');
    expect(() => cacheWrite(cache, new Input('u', [2, 1, 3], 'i32'), at(0))).toThrow(
      'cannot write i32 into a cache of f32',
    );
  });
});
