import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  checkThreads,
  extent,
  type Operand,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input, type Tensor, Variable } from '../../tensor/tensor.ts';
import { add, div, mul, sqrt, square, sub } from '../elementwise/elementwise.ts';
import { grad } from '../grad.ts';
import { mean, sum } from '../reduce/reduce.ts';
import { layerNorm } from './norm.ts';

const build = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => layerNorm(x, weight, bias);

function variables(operands: readonly Operand[]): [Variable, Variable, Variable] {
  const made = operands.map(({ shape, data }) => new Variable(shape, { initial: data as Float32Array }));
  return made as [Variable, Variable, Variable];
}

describe('layerNorm', () => {
  it('has the gradient that finite differences have', async () => {
    await checkGradient(build, [values([3, 2, 5], 1), values([5], 2), values([5], 3)]);
    await checkGradient(build, [values([4, 7], 1), values([7], 2)]);
    await checkGradient(build, [values([6], 1), values([6], 2), values([6], 3)]);
  });

  it('is what the general operations say, for any epsilon', async () => {
    const composed = (x: Tensor, weight: Tensor, bias: Tensor): Tensor => {
      const centred = sub(x, mean(x, -1, { keepDims: true }));
      const variance = mean(square(centred), -1, { keepDims: true });
      return add(mul(div(centred, sqrt(add(variance, 0.25))), weight), bias);
    };
    const [x, weight, bias] = variables([values([4, 7], 1), values([7], 2), values([7], 3)]);
    const difference = sub(layerNorm(x, weight, bias, 0.25), composed(x, weight, bias));
    for (const value of (await reference.evaluate(difference)).data)
      expect(Math.abs(value)).toBeLessThan(1e-14);
  });

  it('is the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(
        extent,
        extent,
        fc.integer({ min: 5, max: 200 }),
        fc.boolean(),
        async (a, b, width, bias) => {
          const operands = [values([a, b, width], 1), values([width], 2), values([width], 3)];
          await checkDevices(build, operands.slice(0, bias ? 3 : 2));
        },
      ),
      RUNS,
    );
  });

  it.each([1, 2, 3, 4])('is the same on every device for rows of %i', async (width) => {
    // Two elements become −1 and 1 whatever they are: their gradient is what rounding leaves of two equal numbers,
    // times rstd, which is large where they lie close together.
    const tolerance = width === 2 ? 5e-5 : 1e-6;
    await checkDevices(build, [values([33, width], 1), values([width], 2), values([width], 3)], {
      tolerance,
    });
  });

  it('is the same on every device for many rows, and for rows far from zero', async () => {
    const operands = [values([5, 301, 63], 1), values([63], 2), values([63], 3)];
    await checkDevices(build, operands);
    // Near 100 a float32 is right to 4e-6, and what is left of it without the mean has a deviation of 0.6.
    await checkDevices((x, weight) => layerNorm(add(x, 100), weight), operands.slice(0, 2), {
      tolerance: 2e-5,
    });
  });

  it('gives the same bits for any number of threads', async () => {
    const [x, weight, bias] = variables([values([1100, 33], 1), values([33], 2), values([33], 3)]);
    const y = layerNorm(x, weight, bias);
    await checkThreads(y, ...grad(sum(mul(y, x)), [x, weight, bias]));
  });

  it('names the shapes that do not fit', () => {
    const x = new Input('x', [2, 3, 4]);
    expect(() => layerNorm(x, new Input('weight', [3]))).toThrow(
      'layerNorm: weight must have the shape (4) (given (3))',
    );
    expect(() => layerNorm(x, new Input('weight', [4]), new Input('bias', [1, 4]))).toThrow(
      'layerNorm: bias must have the shape (4)',
    );
    for (const shape of [[], [3, 0]]) {
      expect(() => layerNorm(new Input('x', shape), new Input('weight', [0]))).toThrow(
        'layerNorm: x needs rows',
      );
    }
  });
});
