import { describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import type { Device } from '../../engine/devices/device.ts';
import { ReferenceDevice } from '../../engine/devices/reference/reference-device.ts';
import { constant, scalar } from '../../engine/ops/constant/constant.ts';
import { add, square, sub } from '../../engine/ops/elementwise/elementwise.ts';
import { sum } from '../../engine/ops/reduce/reduce.ts';
import { compile } from '../../engine/program/compile.ts';
import { Input, Variable } from '../../engine/tensor/tensor.ts';
import { cpus, expectClose } from '../../testing/check.ts';
import { placedOnCpu } from '../../testing/program.ts';
import { AdamW } from './adamw.ts';

const STEPS = 10;
const [beta1, beta2, epsilon, weightDecay, maxNorm] = [0.9, 0.99, 1e-8, 0.1, 2];
const start = { weight: [0.5, -1, 2, 0.25, -0.75, 1], bias: [1, -2, 0.5] };
const target = { weight: [1, 1, 1, -1, -1, -1], bias: [0, 0, 0.25] };
const rates = Array.from({ length: STEPS }, (_, i) => Math.fround(0.1 / (i + 1)));

/** Minimises Σ (x − target)² over a (2, 3) matrix and a vector of 3, and returns both. */
async function minimise(device: Device): Promise<{ weight: number[]; bias: number[] }> {
  const weight = new Variable([2, 3], { name: 'weight', initial: Float32Array.from(start.weight) });
  const bias = new Variable([3], { name: 'bias', initial: Float32Array.from(start.bias) });
  const loss = add(
    sum(square(sub(weight, constant(Float32Array.from(target.weight), [2, 3])))),
    sum(square(sub(bias, constant(Float32Array.from(target.bias))))),
  );
  const optimizer = new AdamW([weight, bias], {
    ...{ betas: [beta1, beta2], epsilon, weightDecay, maxNorm },
    decays: ({ rank }) => rank >= 2, // nanoGPT's rule
  });
  const step = device.compile(() => optimizer.minimize(loss));
  for (const rate of rates) {
    optimizer.learningRate = rate;
    await step();
  }
  const read = async (variable: Variable): Promise<number[]> =>
    Array.from(await (device instanceof ReferenceDevice ? device.read64(variable) : device.read(variable)));
  return { weight: await read(weight), bias: await read(bias) };
}

/** The same by PyTorch's formula, in a plain loop over float64 numbers. */
function minimiseInPlainLoops(): { weight: number[]; bias: number[] } {
  const groups = (['weight', 'bias'] as const).map((name) => ({
    x: start[name].slice(),
    goal: target[name],
    m: start[name].map(() => 0),
    v: start[name].map(() => 0),
    decay: name === 'weight' ? weightDecay : 0,
  }));
  rates.forEach((rate, i) => {
    const gradients = groups.map(({ x, goal }) => x.map((value, k) => 2 * (value - goal[k]!)));
    const norm = Math.hypot(...gradients.flat());
    const scale = Math.min(1, maxNorm / (norm + 1e-6));
    const correction1 = 1 - beta1 ** (i + 1);
    const correction2 = 1 - beta2 ** (i + 1);
    groups.forEach(({ x, m, v, decay }, group) => {
      gradients[group]!.forEach((raw, k) => {
        const g = raw * scale;
        x[k]! *= 1 - rate * decay;
        m[k] = beta1 * m[k]! + (1 - beta1) * g;
        v[k] = beta2 * v[k]! + (1 - beta2) * g * g;
        x[k]! -= ((rate / correction1) * m[k]!) / (Math.sqrt(v[k]!) / Math.sqrt(correction2) + epsilon);
      });
    });
  });
  return { weight: groups[0]!.x, bias: groups[1]!.x };
}

describe('AdamW', () => {
  it('takes the steps of the formula: with decay for matrices, without for vectors, clipped', async () => {
    const expected = minimiseInPlainLoops();
    const actual = await minimise(new ReferenceDevice());
    // maxNorm and the clipping constant are the same float64 numbers on both sides.
    expectClose(actual.weight, expected.weight, 1e-15, 'weight');
    expectClose(actual.bias, expected.bias, 1e-15, 'bias');
    for (const device of Object.values(cpus)) {
      const result = await minimise(device);
      expectClose(result.weight, expected.weight, 5e-7, `${device.simd} weight`);
      expectClose(result.bias, expected.bias, 5e-7, `${device.simd} bias`);
    }
  });

  it('changes parameters and moments in place on the CPU device', async () => {
    const weight = new Variable([40, 30], { name: 'weight', initial: new Float32Array(1200).fill(1) });
    const optimizer = new AdamW([weight], { weightDecay: 0 });
    const gradient = new Input('gradient', [40, 30]);
    const assign = optimizer.assignments(new Map([[weight, gradient]]), {
      learningRate: scalar(0.5),
      step: constant(Int32Array.of(1), []),
      gradientScale: scalar(1),
    });
    const program = compile({ assign });
    const { instructions, arenaBytes } = placedOnCpu(program);
    expect(instructions.map(({ op }) => op)).toEqual(['adamw']);
    expect(arenaBytes).toBe(0);
    const device = await CpuDevice.create();
    const executable = await device.load(program);
    executable.input('gradient').fill(2);
    await executable.run();
    // The first step is as long as the learning rate, whatever the gradient.
    expect((await device.read(weight)).every((x) => Math.abs(x - 0.5) < 1e-6)).toBe(true);
    expect((await device.read(optimizer.state.get('adamw.m.weight')!))[1199]).toBeCloseTo(0.2, 6);
    expect((await device.read(optimizer.state.get('adamw.v.weight')!))[1199]).toBeCloseTo(0.004, 6);
  });

  it('names its state after the parameters', () => {
    const weight = new Variable([2, 3], { name: 'wte.weight' });
    const { state } = new AdamW([weight]);
    expect([...state.keys()]).toEqual(['adamw.m.wte.weight', 'adamw.v.wte.weight']);
    for (const [name, variable] of state) {
      expect(variable.name).toBe(name);
      expect(variable.shape).toEqual([2, 3]);
    }
  });

  it('needs a gradient for every parameter', () => {
    const optimizer = new AdamW([new Variable([2], { name: 'weight' })]);
    const operands = {
      learningRate: scalar(1),
      step: new Input('step', [], 'i32'),
      gradientScale: scalar(1),
    };
    expect(() => optimizer.assignments(new Map(), operands)).toThrow(
      'AdamW: the parameter weight was given no gradient',
    );
  });
});
