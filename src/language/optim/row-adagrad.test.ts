import { describe, expect, it } from 'vitest';
import type { Device } from '../../engine/devices/device.ts';
import { fillInputs } from '../../engine/devices/evaluate.ts';
import { ReferenceDevice } from '../../engine/devices/reference/reference-device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { constant, scalar } from '../../engine/ops/constant/constant.ts';
import { add, mul, square, sub } from '../../engine/ops/elementwise/elementwise.ts';
import { grad } from '../../engine/ops/grad.ts';
import { embedding } from '../../engine/ops/lookup/lookup.ts';
import { matmul } from '../../engine/ops/matmul/matmul.ts';
import { sum } from '../../engine/ops/reduce/reduce.ts';
import { reshape, transpose } from '../../engine/ops/views/views.ts';
import { compile } from '../../engine/program/compile.ts';
import type { CompiledProgram } from '../../engine/program/program.ts';
import { Input, type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { cpus, expectClose, integers, values } from '../../testing/check.ts';
import { placedOnCpu } from '../../testing/program.ts';
import { RowAdaGrad } from './row-adagrad.ts';

const STEPS = 6;
const [B, T, R, C] = [3, 5, 20, 6];
const start = values([R, C], 1).data;
const goal = values([B, T, C], 2).data;
const batches = Array.from({ length: STEPS }, (_, i) => integers([B, T], R - 5, i + 1).data);
const rates = batches.map((_, i) => Math.fround(0.5 / (i + 1)));

const operands = (learningRate: Tensor) => ({
  learningRate,
  step: constant(Int32Array.of(1), []),
  gradientScale: scalar(1),
});

/** One update that brings the looked-up rows closer to a goal; `look` stands between the rows and the loss. */
function training(look: (rows: Tensor) => Tensor): {
  table: Variable;
  squares: Variable;
  program: CompiledProgram;
} {
  const table = new Variable([R, C], { name: 'table', initial: start });
  const rows = embedding(table, new Input('indices', [B, T], 'i32')); // (B, T, C)
  const loss = sum(square(sub(look(rows), look(constant(goal, [B, T, C])))));
  const optimizer = new RowAdaGrad([table]);
  const gradients = new Map([[table, grad(loss, [table])[0]!]]);
  const assign = optimizer.assignments(gradients, operands(new Input('learningRate', [])));
  const program = compile({ outputs: { loss }, assign });
  return { table, squares: optimizer.state.get('adagrad.table')!, program };
}

async function minimise(device: Device, look: (rows: Tensor) => Tensor): Promise<ArrayLike<number>[]> {
  const { table, squares, program } = training(look);
  const executable = await device.load(program);
  for (const [i, indices] of batches.entries()) {
    fillInputs(executable, { indices, learningRate: [rates[i]!] });
    await executable.run();
  }
  const read = (variable: Variable): Promise<ArrayLike<number>> =>
    device instanceof ReferenceDevice ? device.read64(variable) : device.read(variable);
  return [await read(table), await read(squares)];
}

/** The same by the formula, in plain loops over float64 numbers. */
function minimiseInPlainLoops(): [number[], number[]] {
  const table = Array.from(start);
  const squares = new Array<number>(R).fill(0);
  batches.forEach((indices, step) => {
    const gradients = Array.from({ length: R }, () => new Array<number>(C).fill(0));
    indices.forEach((row, token) => {
      for (let c = 0; c < C; c++) gradients[row]![c]! += 2 * (table[row * C + c]! - goal[token * C + c]!);
    });
    gradients.forEach((g, row) => {
      squares[row]! += g.reduce((total, x) => total + x * x, 0) / C;
      for (let c = 0; c < C; c++)
        table[row * C + c]! -= (rates[step]! * g[c]!) / (Math.sqrt(squares[row]!) + 1e-10);
    });
  });
  return [table, squares];
}

const looks: [string, (rows: Tensor) => Tensor][] = [
  ['as they are', (rows) => rows],
  ['reshaped', (rows) => reshape(rows, [B * T, C])],
  ['turned', (rows) => transpose(reshape(rows, [B, T * C]), 0, 1)],
];

describe('RowAdaGrad', () => {
  it.each(looks)('takes the steps of the formula for rows %s', async (_, look) => {
    const expected = minimiseInPlainLoops();
    const compare = (actual: ArrayLike<number>[], tolerance: number): void => {
      actual.forEach((numbers, i) => {
        expectClose(numbers, expected[i]!, tolerance, ['table', 'squares'][i]!);
      });
    };
    compare(await minimise(new ReferenceDevice(), look), 1e-14);
    for (const device of Object.values(cpus)) compare(await minimise(device, look), 3e-7);
  });

  it.each(looks)('never makes a gradient of the size of the table, for rows %s', (_, look) => {
    const { instructions } = placedOnCpu(training(look).program);
    const ops = instructions.map(({ op }) => op);
    expect(ops).not.toContain('embedding-gradient');
    expect(ops.filter((op) => op === 'row-adagrad')).toHaveLength(1);
    const last = instructions.at(-1)!;
    expect(last.outputs.map(({ buffer }) => buffer)).toEqual(
      last.inputs.slice(0, 2).map(({ buffer }) => buffer),
    );
  });

  it('updates several tables that are looked up at different places, gradients through a product', async () => {
    const weight = constant(values([C, C], 9).data, [C, C]);
    const tables = [1, 2].map(
      (seed) => new Variable([R, C], { name: `table${seed}`, initial: values([R, C], seed).data }),
    );
    const places = [1, 2].map((seed) => constant(integers([B, T], R, seed).data, [B, T]));
    const rows = tables.map((table, i) => embedding(table, places[i]!));
    const loss = sum(square(matmul(add(rows[0]!, rows[1]!), weight)));
    const optimizer = new RowAdaGrad(tables, { epsilon: 1e-3 });
    const dense = grad(loss, tables);
    const gradients = new Map(dense.map((gradient, i) => [tables[i]!, gradient]));
    const assign = optimizer.assignments(gradients, operands(scalar(0.25)));
    for (const device of Object.values(cpus)) {
      const expected = await Promise.all(
        dense.map(async (gradient, i) => {
          const g = Array.from((await device.evaluate(gradient)).data);
          return Array.from(tables[i]!.initial!, (x, k) => {
            const row = g.slice(k - (k % C), k - (k % C) + C);
            const mean = row.reduce((total, value) => total + value ** 2, 0) / C;
            return x - (0.25 * g[k]!) / (Math.sqrt(mean) + 1e-3);
          });
        }),
      );
      await (await device.load(compile({ assign }))).run();
      for (const [i, table] of tables.entries())
        expectClose(await device.read(table), expected[i]!, 3e-7, `table ${i}`);
    }
  });

  it('names its state after the parameters', () => {
    const { state } = new RowAdaGrad([new Variable([20, 3], { name: 'ngrams.0.weight' })]);
    expect([...state].map(([name, variable]) => [name, variable.name, variable.shape])).toEqual([
      ['adagrad.ngrams.0.weight', 'adagrad.ngrams.0.weight', [20]],
    ]);
  });

  it('refuses what is not a table, and gradients that are not those of one embedding', () => {
    expect(() => new RowAdaGrad([new Variable([3], { name: 'bias' })])).toThrow(
      'RowAdaGrad: the parameter bias (3) is not a table',
    );
    const table = new Variable([R, C], { name: 'table' });
    const indices = new Input('indices', [T], 'i32');
    const optimizer = new RowAdaGrad([table]);
    const updateWith = (gradients: ReadonlyMap<Variable, Tensor>) => (): unknown =>
      optimizer.assignments(gradients, operands(scalar(1)));
    expect(updateWith(new Map())).toThrow('RowAdaGrad: the parameter table was given no gradient');
    const losses = [
      sum(table),
      sum(add(embedding(table, indices), embedding(table, indices))),
      sum(embedding(mul(table, 2), indices)),
    ];
    for (const gradient of [
      new Input('gradient', [R, C]),
      ...losses.flatMap((loss) => grad(loss, [table])),
    ]) {
      const refused = updateWith(new Map([[table, gradient]]));
      expect(refused).toThrow(NanobardError);
      expect(refused).toThrow('RowAdaGrad: the gradient of the parameter table is not that of one embedding');
    }
  });
});
