import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import type { Device } from '../../engine/devices/device.ts';
import { constant, scalar } from '../../engine/ops/constant/constant.ts';
import { compile } from '../../engine/program/compile.ts';
import { Input, Variable } from '../../engine/tensor/tensor.ts';
import { checkThreads, devices, expectClose, reference, values } from '../../testing/check.ts';
import { placedOnCpu } from '../../testing/program.ts';
import { Muon } from './muon.ts';

/** Made by scripts/fixtures/muon.py with PyTorch in double precision. */
const fixture: {
  weightDecay: number;
  gradientScale: number;
  steps: { rate: number; momentum: number }[];
  matrices: { shape: number[]; start: number[]; gradients: number[]; parameter: number[]; mean: number[] }[];
} = JSON.parse(readFileSync(new URL('./fixtures/muon.json', import.meta.url), 'utf8'));

const { weightDecay, gradientScale, steps, matrices } = fixture;
const names = matrices.map((_, i) => `h.${i}.weight`);

/** The fixture's parameters and their updates, ready to run from `start`, and from state by name if there is any. */
async function create(
  device: Device,
  start: readonly ArrayLike<number>[],
  state?: Map<string, ArrayLike<number>>,
) {
  const variables = matrices.map(
    ({ shape }, i) => new Variable(shape, { name: names[i]!, initial: Float32Array.from(start[i]!) }),
  );
  const muon = new Muon(variables, { weightDecay, momentum: new Input('momentum', []) });
  const gradients = new Map(
    variables.map((variable) => [variable, new Input(variable.name, variable.shape)]),
  );
  const assign = muon.assignments(gradients, {
    learningRate: new Input('learningRate', []),
    step: constant(Int32Array.of(1), []),
    gradientScale: scalar(gradientScale),
  });
  const executable = await device.load(compile({ assign }));
  for (const [name, data] of state ?? []) await device.write(muon.state.get(name)!, data);
  const run = async (from: number, to: number): Promise<void> => {
    for (const [t, { rate, momentum }] of [...steps.entries()].slice(from, to)) {
      executable.input('learningRate')[0] = rate;
      executable.input('momentum')[0] = momentum;
      for (const [i, { start, gradients }] of matrices.entries()) {
        const size = start.length;
        executable.input(names[i]!).set(gradients.slice(t * size, (t + 1) * size));
      }
      await executable.run();
    }
  };
  return { variables, muon, run };
}

const operands = (rate: number) => ({
  learningRate: scalar(rate),
  step: constant(Int32Array.of(1), []),
  gradientScale: scalar(1),
});

const starts = matrices.map(({ start }) => start);

describe('Muon', () => {
  it('takes the steps that PyTorch takes', async () => {
    for (const device of devices) {
      const { variables, muon, run } = await create(device, starts);
      await run(0, steps.length);
      for (const [i, { parameter, mean }] of matrices.entries()) {
        // Devices read variables in float32.
        const tolerance = device === reference ? 1e-7 : 1e-6;
        expectClose(await device.read(variables[i]!), parameter, tolerance, `${device.name} ${names[i]}`);
        const m = muon.state.get(`muon.m.${names[i]}`)!;
        expectClose(await device.read(m), mean, 1e-6, `${device.name} ${m.name}`);
      }
    }
  });

  it('goes on from its state by names as if nothing had been', async () => {
    const device = await CpuDevice.create({ threads: 1 });
    const all = await create(device, starts);
    await all.run(0, steps.length);
    const first = await create(device, starts);
    await first.run(0, 1);
    const state = new Map<string, ArrayLike<number>>();
    for (const [name, variable] of first.muon.state) state.set(name, await device.read(variable));
    const between = await Promise.all(first.variables.map((variable) => device.read(variable)));
    const second = await create(device, between, state);
    await second.run(1, steps.length);
    for (const [i, variable] of all.variables.entries()) {
      expect(await device.read(second.variables[i]!)).toEqual(await device.read(variable));
    }
  });

  it('groups matrices by shape, and Gram matrices by size', () => {
    const shapes = [
      [6, 2],
      [2, 2],
      [8, 2],
      [2, 8],
      [6, 2],
      [2, 2],
      [8, 2],
      [2, 8],
    ];
    const parameters = shapes.map((shape, i) => new Variable(shape, { name: `h.${i}` }));
    const gradients = new Map(parameters.map((p) => [p, new Input(`g.${p.name}`, p.shape)]));
    const program = placedOnCpu(
      compile({ assign: new Muon(parameters).assignments(gradients, operands(0.1)) }),
    );
    const counts: Record<string, number> = {};
    for (const { op } of program.instructions) counts[op] = (counts[op] ?? 0) + 1;
    expect(counts).toEqual({
      'muon-momentum': 4,
      'symmetric-matmul': 4 + 3 * 4,
      'normalize-grams': 1,
      'symmetric-polynomial': 5,
      matmul: 4,
      'muon-update': 4,
    });
    // In place: nothing but these writes to the variables.
    for (const { op, inputs, outputs } of program.instructions) {
      for (const [i, { buffer }] of outputs.entries()) {
        const inVariable = program.buffers[buffer]!.kind === 'variable';
        expect(inVariable).toBe(op === 'muon-update' || (op === 'muon-momentum' && i > 0));
        // Momentum: (momentum, gradientScale, …means), update: (directions, scales, learningRate, …parameters).
        if (inVariable) expect(buffer).toBe(inputs[op === 'muon-update' ? i + 3 : i + 1]!.buffer);
      }
    }
  });

  it('gives the same bits for any number of threads', async () => {
    const shapes = [
      [40, 20],
      [20, 30],
      [40, 20],
    ];
    const initial = (shape: number[], seed: number) => values(shape, seed).data;
    const parameters = shapes.map(
      (shape, i) => new Variable(shape, { name: `h.${i}`, initial: initial(shape, i) }),
    );
    const gradients = new Map(
      parameters.map((parameter, i) => [parameter, constant(initial(shapes[i]!, 9 + i), shapes[i]!)]),
    );
    const muon = new Muon(parameters, { weightDecay, momentum: 0.9 });
    const assign = muon.assignments(gradients, operands(0.1));
    await checkThreads(...assign.map(([, value]) => value));
  });

  it('takes the coefficients of each iteration', async () => {
    const parameter = new Variable([1, 2]);
    const muon = new Muon([parameter], {
      momentum: 0,
      iterations: [
        [2, 0.5, 0],
        [3, 0, 0],
      ],
    });
    const gradients = new Map([[parameter, constant(Float32Array.of(3, 4), [1, 2])]]);
    const [, updated] = muon.assignments(gradients, operands(1))[0]!;
    // A single row is its norm times a unit vector, and one singular value: 1 → 2 + 0.5 → 3 · 2.5.
    expectClose((await reference.evaluate(updated)).data, [-7.5 * 0.6, -7.5 * 0.8], 1e-6, 'updated');
  });

  it('names its state after the parameters', () => {
    const { state } = new Muon([new Variable([2, 3], { name: 'h.0.attn.c_attn.weight' })]);
    expect([...state.keys()]).toEqual(['muon.m.h.0.attn.c_attn.weight']);
    const [[name, { name: own, shape }]] = state as unknown as [[string, Variable]];
    expect(own).toBe(name);
    expect(shape).toEqual([2, 3]);
  });

  it('takes matrices only, and needs a gradient for each', () => {
    for (const shape of [[3], [2, 3, 4]]) {
      expect(() => new Muon([new Variable(shape, { name: 'ln.weight' })])).toThrow(
        expect.objectContaining({ code: 'argument', hint: 'Give it to AdamW.' }),
      );
    }
    const muon = new Muon([new Variable([2, 3], { name: 'weight' })]);
    expect(() => muon.assignments(new Map(), operands(1))).toThrow(
      'Muon: the parameter weight was given no gradient',
    );
  });
});
