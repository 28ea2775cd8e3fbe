import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkThreads,
  cpus,
  devices,
  extent,
  integers,
  type Operand,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { placedOnCpu } from '../../../testing/program.ts';
import { compile } from '../../program/compile.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant, scalar } from '../constant/constant.ts';
import { rowAdaGrad } from './lookup.ts';

const learningRate = scalar(0.3);

const update = (...[table, squares, gradient, indices]: Tensor[]): Tensor[] =>
  Object.values(
    rowAdaGrad({
      table: table!,
      squares: squares!,
      gradient: gradient!,
      indices: indices!,
      learningRate,
    }),
  );

/** A (R, C) table as it may stand in the middle of training, and the gradients of some of its rows. */
function operands(R: number, C: number, indices: Operand): Operand[] {
  const squares = values([R], 2);
  return [
    values([R, C], 1),
    { shape: [R], data: Float32Array.from(squares.data, Math.abs) },
    values([...indices.shape, C], 3),
    indices,
  ];
}

/** The row of each place, as an operand. */
const list = (...rows: number[]): Operand => ({
  shape: [rows.length],
  data: Int32Array.from(rows),
  dtype: 'i32',
});

describe('rowAdaGrad', () => {
  it('is the formula', async () => {
    const table = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
    const squares = constant(Float32Array.of(0, 1, 4));
    const gradient = constant(Float32Array.of(1, 2, 3, 5, 3, 4), [3, 2]);
    const indices = constant(Int32Array.of(2, 0, 2));
    const result = rowAdaGrad({ table, squares, gradient, indices, learningRate: scalar(0.5) });
    const s = [(9 + 25) / 2, 1, 4 + (16 + 36) / 2];
    expect(Array.from((await reference.evaluate(result.squares)).data)).toEqual(s);
    const rates = s.map((square) => 0.5 / (Math.sqrt(square) + 1e-10));
    const expected = [1 - rates[0]! * 3, 2 - rates[0]! * 5, 3, 4, 5 - rates[2]! * 4, 6 - rates[2]! * 6];
    expect(Array.from((await reference.evaluate(result.table)).data)).toEqual(expected);
  });

  it('is the same on every device, whatever rows occur how often', async () => {
    const width = fc.integer({ min: 1, max: 70 });
    await fc.assert(
      fc.asyncProperty(extent, width, extent, extent, fc.nat(100), async (R, C, b, t, seed) => {
        const all = operands(R, C, integers([b, t], R, seed));
        // A row's gradients are added one after the other, half a unit in the last place each, and the sum is squared.
        const tolerance = Math.max(1e-6, (2 * 2 ** -24 * b * t) / R);
        await checkDevices(update, all, { gradients: false, tolerance });
      }),
      RUNS,
    );
    for (const indices of [list(3, 3, 3, 3, 3, 3, 3), list(2), list(), integers([1536], 5000)]) {
      await checkDevices(update, operands(5000, 12, indices), { gradients: false, tolerance: 1e-6 });
    }
    await checkDevices(update, operands(1, 1, { shape: [], data: [0], dtype: 'i32' }), {
      gradients: false,
      tolerance: 1e-6,
    });
  });

  it('adds the gradients of a row in the order of their places', async () => {
    const gradient = constant(Float32Array.of(1e8, 5, -1e8, 1), [4, 1]);
    const tensors = [constant(new Float32Array(2), [2, 1]), constant(new Float32Array(2)), gradient];
    const [, squares] = update(...tensors, constant(Int32Array.of(0, 1, 0, 0))) as [Tensor, Tensor];
    for (const device of devices) expect(Array.from((await device.evaluate(squares)).data)).toEqual([1, 25]);
  });

  it('takes a vanishing gradient without harm', async () => {
    const zero = { shape: [2, 3], data: new Float32Array(6) };
    const [table, , , indices] = operands(4, 3, list(1, 2)) as [Operand, Operand, Operand, Operand];
    const squares = { shape: [4], data: new Float32Array(4) };
    for (const device of devices) {
      const tensors = [table, squares, zero, indices].map(({ shape, data }) =>
        constant(data as Float32Array, shape),
      );
      const [updated] = update(...tensors) as [Tensor];
      expect(Array.from((await device.evaluate(updated)).data)).toEqual(Array.from(table.data));
    }
  });

  it('happens in place, and leaves rows that do not occur, and what lies around, bit by bit', async () => {
    const [R, C] = [50, 7];
    const indices = list(7, 49, 7, 0, 50, -1, 2 ** 31 - 1, -(2 ** 31), 7);
    const [table, squares, gradient] = operands(R, C, indices).map(
      ({ shape, data }) => new Variable(shape, { initial: data as Float32Array }),
    ) as [Variable, Variable, Variable];
    const results = update(table, squares, gradient, constant(indices.data as Int32Array));
    const assign = [
      [table, results[0]!],
      [squares, results[1]!],
    ] as const;
    const program = compile({ assign });
    const { instructions, arenaBytes } = placedOnCpu(program);
    expect(instructions.map(({ op }) => op)).toEqual(['row-adagrad']);
    expect(arenaBytes).toBe(0);
    for (const device of Object.values(cpus)) {
      const expected = await Promise.all(results.map(async (result) => (await device.evaluate(result)).data));
      await (await device.load(program)).run();
      expect(await device.read(table)).toEqual(expected[0]);
      expect(await device.read(squares)).toEqual(expected[1]);
      expect(await device.read(gradient)).toEqual(gradient.initial);
      const changed = (await device.read(squares)).map((value, r) => Number(value !== squares.initial![r]));
      expect(Array.from(changed.keys()).filter((r) => changed[r])).toEqual([0, 7, 49]);
      const rows = (await device.read(table)).map((value, i) => Number(value !== table.initial![i]));
      expect(Array.from(rows.keys()).filter((i) => rows[i])).toEqual(
        [0, 7, 49].flatMap((r) => Array.from({ length: C }, (_, c) => r * C + c)),
      );
    }
  });

  it('gives the same bits for any number of threads', async () => {
    for (const high of [1, 40, 3000]) {
      const tensors = operands(3000, 67, integers([5, 400], high)).map(({ shape, data }) =>
        constant(data as Float32Array, shape),
      );
      await checkThreads(...update(...tensors));
    }
  });

  it('names what does not fit', () => {
    const good = {
      table: new Input('table', [10, 4]),
      squares: new Input('squares', [10]),
      gradient: new Input('gradient', [2, 3, 4]),
      indices: new Input('indices', [2, 3], 'i32'),
      learningRate,
    };
    expect(() => rowAdaGrad({ ...good, table: new Input('table', [10]) })).toThrow(
      'rowAdaGrad: the table must have the shape (R, C) (given (10))',
    );
    expect(() => rowAdaGrad({ ...good, squares: good.table })).toThrow(
      'rowAdaGrad: squares must have one element per row (given (10, 4) and (10, 4))',
    );
    expect(() => rowAdaGrad({ ...good, gradient: good.table })).toThrow(
      'rowAdaGrad: the gradient must have a row of the table for each index',
    );
    expect(() => rowAdaGrad({ ...good, learningRate: good.squares })).toThrow(
      'rowAdaGrad: learningRate must be a scalar',
    );
    expect(() => rowAdaGrad({ ...good, indices: new Input('indices', [2, 3]) })).toThrow(
      'rowAdaGrad: indices must be i32, not f32',
    );
    expect(() => rowAdaGrad({ ...good, squares: new Input('squares', [10], 'i32') })).toThrow(
      'rowAdaGrad: works on f32',
    );
  });
});
