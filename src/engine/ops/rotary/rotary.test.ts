import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  cpus,
  extent,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { placedOnCpu } from '../../../testing/program.ts';
import { compile } from '../../program/compile.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { add, mul, sub } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { sum } from '../reduce/reduce.ts';
import { split } from '../views/split.ts';
import { concat, reshape, slice, transpose } from '../views/views.ts';
import { rotary } from './rotary.ts';

const at = (position: number): Tensor => constant(Int32Array.of(position), []);

describe('rotary', () => {
  it('turns pairs by their angle', async () => {
    const x = constant(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0), [1, 2, 1, 4]);
    const { data } = await reference.evaluate(rotary(x, at(2), { base: 100 }));
    // Element 0 is paired with element 2 and turns by 1 for each position.
    const expected = [Math.cos(2), 0, Math.sin(2), 0, Math.cos(3), 0, Math.sin(3), 0];
    expected.forEach((value, i) => {
      expect(data[i]).toBeCloseTo(value, 14);
    });
    const { data: first } = await reference.evaluate(rotary(slice(x, 1, 0, 1)));
    expect(first).toEqual(Float64Array.of(1, 0, 0, 0)); // position 0 stays
  });

  it('is what the general operations say', async () => {
    const [T, H, D] = [5, 2, 6];
    const angle = (t: number, i: number): number => (3 + t) * 500 ** ((-2 * i) / D);
    const table = (f: (x: number) => number): Tensor =>
      constant(
        Float32Array.from({ length: (T * D) / 2 }, (_, j) => f(angle(Math.floor((2 * j) / D), j % (D / 2)))),
        [T, 1, D / 2],
      );
    const [cos, sin] = [table(Math.cos), table(Math.sin)];
    const composed = (x: Tensor): Tensor => {
      const [p, q] = split(x, D / 2, -1) as [Tensor, Tensor];
      return concat([sub(mul(p, cos), mul(q, sin)), add(mul(q, cos), mul(p, sin))], -1);
    };
    const x = constant(values([2, T, H, D]).data, [2, T, H, D]);
    const { data } = await reference.evaluate(sub(rotary(x, at(3), { base: 500 }), composed(x)));
    for (const value of data) expect(Math.abs(value)).toBeLessThan(1e-6); // the table is of floats
  });

  it('makes products of queries and keys depend on their distance alone', async () => {
    const [q, k] = [values([1, 1, 1, 16], 1), values([1, 1, 1, 16], 2)];
    const product = async (m: number, n: number): Promise<number> => {
      const [a, b] = [constant(q.data as Float32Array, q.shape), constant(k.data as Float32Array, k.shape)];
      return (await reference.evaluate(sum(mul(rotary(a, at(m)), rotary(b, at(n)))))).data[0]!;
    };
    expect(await product(107, 102)).toBeCloseTo(await product(5, 0), 12);
    expect(await product(7, 0)).not.toBeCloseTo(await product(5, 0), 3);
  });

  it('has the gradient that finite differences have', async () => {
    await checkGradient((x) => rotary(x), [values([2, 3, 2, 6], 1)]);
    await checkGradient((x) => rotary(x, at(9), { base: 50 }), [values([2, 3, 1, 4], 2)]);
  });

  it('has a second gradient, which turns forwards again', async () => {
    const x = new Input('x', [1, 3, 1, 2]);
    const [first] = grad(sum(mul(rotary(x), rotary(x))), [x]);
    const [second] = grad(sum(mul(first!, 1)), [x]);
    // Turning changes no norm: Σ y² = Σ x², whose gradient is 2x, and that one's 2.
    const { data } = await reference.evaluate(second!, { x: [1, 2, 3, 4, 5, 6] });
    for (const value of data) expect(value).toBeCloseTo(2, 12);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(
        extent,
        extent,
        fc.integer({ min: 1, max: 4 }),
        extent,
        fc.integer({ min: 0, max: 5000 }),
        async (B, T, H, half, position) => {
          await checkDevices((x) => rotary(x, at(position)), [values([B, T, H, 2 * half], B + T)]);
        },
      ),
      RUNS,
    );
    await checkDevices((x) => rotary(x), [values([3, 300, 4, 32], 1)]);
  });

  it('turns each sequence from a position of its own', async () => {
    const positions = [7, 0, 1000];
    const turn = (x: Tensor): Tensor => rotary(x, constant(Int32Array.from(positions)));
    for (const T of [1, 5]) {
      const { shape, data } = values([3, T, 2, 6]);
      await checkDevices(turn, [{ shape, data }]);
      const together = await reference.evaluate(turn(constant(data, shape)));
      const size = data.length / 3;
      for (const [b, position] of positions.entries()) {
        const x = constant(data.slice(b * size, (b + 1) * size), [1, T, 2, 6]);
        const alone = await reference.evaluate(rotary(x, at(position)));
        expect(together.data.slice(b * size, (b + 1) * size)).toEqual(alone.data);
      }
    }
  });

  it('is right to 1e-6 for every position up to 4096, and far beyond', async () => {
    const [T, D] = [4096, 64];
    const x = new Input('x', [1, T, 1, D]);
    const position = new Input('position', [], 'i32');
    const ones = new Float32Array(T * D).fill(1);
    const y = rotary(x, position);
    for (const start of [0, -5000, 1_000_000, 2 ** 31 - 1]) {
      const inputs = { x: ones, position: [start] };
      const expected = Float64Array.from((await reference.evaluate(y, inputs)).data);
      for (const cpu of Object.values(cpus)) {
        const { data } = await cpu.evaluate(y, inputs);
        const error = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(data[i]! - value)), 0);
        expect(error, `${cpu.simd} from position ${start}`).toBeLessThanOrEqual(1e-6);
      }
    }
  });

  it('moves from run to run', async () => {
    const x = new Input('x', [2, 1, 2, 10]);
    const position = new Input('position', [], 'i32');
    const program = compile({ outputs: { y: rotary(x, position) } });
    const sequence = values([2, 6, 2, 10]);
    for (const device of Object.values(cpus)) {
      const all = await device.evaluate(rotary(constant(sequence.data as Float32Array, sequence.shape)));
      const executable = await device.load(program);
      for (let t = 0; t < 6; t++) {
        const token = [0, 1].flatMap((b) =>
          Array.from(sequence.data).slice(20 * (6 * b + t), 20 * (6 * b + t + 1)),
        );
        executable.input('x').set(token);
        executable.input('position')[0] = t;
        await executable.run();
        const expected = [0, 1].flatMap((b) =>
          Array.from(all.data).slice(20 * (6 * b + t), 20 * (6 * b + t + 1)),
        );
        expect(Array.from(await executable.read('y'))).toEqual(expected);
      }
      executable.dispose();
    }
  });

  it('reads heads where they lie', async () => {
    const heads = (x: Tensor): Tensor[] => {
      const [B, T, C] = x.shape as [number, number, number];
      return split(x, C / 3, -1).map((y) => rotary(reshape(y, [B, T, 2, C / 6])));
    };
    const program = placedOnCpu(compile({ outputs: { q: heads(new Input('x', [2, 5, 36]))[0]! } }));
    expect(program.instructions.map(({ op }) => op)).toEqual(['rotary']);
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, async (B, T, half) => {
        await checkDevices(heads, [values([B, T, 12 * half])]);
      }),
      { numRuns: 10 },
    );
    // (B, H, T, D) seen as (B, T, H, D), and columns, which are copied first.
    await checkDevices((x) => rotary(transpose(x, 1, 2)), [values([2, 3, 5, 6])]);
    await checkDevices((x) => rotary(transpose(x, 1, 3)), [values([2, 6, 3, 5])]);
  });

  it('gives the same bits for any number of threads', async () => {
    const x = new Variable([3, 65, 2, 18], { initial: values([3, 65, 2, 18]).data });
    const y = rotary(x, at(7));
    await checkThreads(y, ...grad(sum(mul(y, y)), [x]));
  });

  it('names what does not fit', () => {
    for (const shape of [
      [2, 3, 4],
      [2, 3, 4, 5],
    ]) {
      expect(() => rotary(new Input('x', shape))).toThrow(
        `rotary: x must have the shape (B, T, H, D) with an even D (given (${shape.join(', ')}))`,
      );
    }
    const x = new Input('x', [2, 3, 4, 6]);
    expect(() => rotary(x, new Input('p', [1], 'i32'))).toThrow('rotary: the position must be an i32 scalar');
    expect(() => rotary(x, new Input('p', []))).toThrow('rotary: the position must be an i32 scalar');
    expect(() => rotary(x, undefined, { base: 0 })).toThrow('rotary: base must be above 0, not 0');
    expect(() => rotary(new Input('ids', [1, 1, 1, 2], 'i32'))).toThrow('rotary: works on f32 tensors');
  });
});
