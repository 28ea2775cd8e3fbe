import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkThreads,
  cpus,
  extent,
  type Operand,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { placedOnCpu } from '../../../testing/program.ts';
import { compile } from '../../program/compile.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { constant, scalar } from '../constant/constant.ts';
import { adamW } from './adamw.ts';

const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
const learningRate = scalar(0.01);
const gradientScale = scalar(0.5);

/** parameter, gradient, m, v of n elements, as they may stand in the middle of training. */
function operands(shape: readonly number[]): Operand[] {
  const v = values(shape, 4);
  return [
    values(shape, 1),
    values(shape, 2),
    values(shape, 3),
    { shape, data: Float32Array.from(v.data, Math.abs) },
  ];
}

const update =
  (at: number) =>
  (...[parameter, gradient, m, v]: Tensor[]): Tensor[] => {
    const step = constant(Int32Array.of(at), []);
    const state = { parameter: parameter!, gradient: gradient!, m: m!, v: v! };
    return Object.values(adamW({ ...state, learningRate, step, gradientScale }, options));
  };

describe('adamW', () => {
  it('is the update of the paper', async () => {
    const [parameter, gradient, m, v] = [scalar(2), scalar(3), scalar(4), scalar(5)] as const;
    const step = constant(Int32Array.of(7), []);
    const result = adamW({ parameter, gradient, m, v, learningRate, step, gradientScale }, options);
    const value = async (x: Tensor): Promise<number> => (await reference.evaluate(x)).data[0]!;
    const rate = Math.fround(0.01);
    expect(await value(result.m)).toBeCloseTo(0.9 * 4 + 0.1 * 1.5, 14);
    expect(await value(result.v)).toBeCloseTo(0.999 * 5 + 0.001 * 2.25, 14);
    const mHat = (0.9 * 4 + 0.1 * 1.5) / (1 - 0.9 ** 7);
    const vHat = (0.999 * 5 + 0.001 * 2.25) / (1 - 0.999 ** 7);
    const expected = 2 - rate * 0.1 * 2 - (rate * mHat) / (Math.sqrt(vHat) + 1e-8);
    expect(await value(result.parameter)).toBeCloseTo(expected, 14);
  });

  it('is the same on every device, early and late in training', async () => {
    const steps = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1, 1000, 1_000_000, 2 ** 31 - 1));
    await fc.assert(
      fc.asyncProperty(extent, extent, steps, async (a, b, at) => {
        await checkDevices(update(at), operands([a, b]), { gradients: false, tolerance: 1e-6 });
      }),
      RUNS,
    );
    await checkDevices(update(3), operands([100_003]), { gradients: false, tolerance: 1e-6 });
  });

  it('happens in place when the results are assigned to the variables', async () => {
    const shape = [5, 3];
    const state = operands(shape).map(({ data }) => new Variable(shape, { initial: data as Float32Array }));
    const [parameter, gradient, m, v] = state as [Variable, Variable, Variable, Variable];
    const results = update(2)(...state);
    const targets = [parameter, m, v];
    const assign = targets.map((variable, i) => [variable, results[i]!] as const);
    const { instructions, arenaBytes } = placedOnCpu(compile({ assign }));
    expect(instructions.map(({ op }) => op)).toEqual(['adamw']);
    expect(arenaBytes).toBe(0);
    for (const device of Object.values(cpus)) {
      const expected = await Promise.all(results.map(async (result) => (await device.evaluate(result)).data));
      await (await device.load(compile({ assign }))).run();
      for (const [i, variable] of targets.entries()) {
        expect(await device.read(variable)).toEqual(expected[i]);
        expect(await device.read(variable)).not.toEqual(variable.initial);
      }
      expect(await device.read(gradient)).toEqual(gradient.initial);
    }
  });

  it('gives the same bits for any number of threads', async () => {
    const tensors = operands([20_003]).map(({ data }) => constant(data as Float32Array));
    await checkThreads(...update(5)(...tensors));
  });

  it('names what does not fit', () => {
    const x = new Input('x', [2, 3]);
    const step = new Input('step', [], 'i32');
    const good = { parameter: x, gradient: x, m: x, v: x, learningRate, step, gradientScale };
    expect(() => adamW({ ...good, v: new Input('v', [3, 2]) }, options)).toThrow(
      'adamW: v must have the shape (2, 3) (given (3, 2))',
    );
    expect(() => adamW({ ...good, learningRate: x }, options)).toThrow(
      'adamW: learningRate must be a scalar',
    );
    expect(() => adamW({ ...good, step: new Input('step', []) }, options)).toThrow('adamW: step must be i32');
  });
});
