import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDevices, checkGradient, extent, RUNS, reference, values } from '../../../testing/check.ts';
import { Input } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { permute, transpose } from './views.ts';

describe('permute and transpose', () => {
  it('put element (i, j) at (j, i)', async () => {
    const x = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const y = await reference.evaluate(transpose(x, 0, 1));
    expect(y).toMatchObject({ shape: [3, 2], data: Float64Array.of(1, 4, 2, 5, 3, 6) });
  });

  it('order dimensions as asked', () => {
    const x = new Input('x', [2, 3, 4]);
    expect(permute(x, [2, 0, 1]).shape).toEqual([4, 2, 3]);
    expect(permute(x, [0, -1, -2]).shape).toEqual([2, 4, 3]);
    expect(transpose(x, -1, 0).shape).toEqual([4, 3, 2]);
  });

  it('have the inverse permutation as gradient', async () => {
    await checkGradient((x) => permute(x, [2, 0, 3, 1]), [values([2, 3, 4, 2])]);
    await checkGradient((x) => transpose(x, -1, 0), [values([2, 3, 4])]);
  });

  it('are the same on every device', async () => {
    const permutation = fc
      .array(extent, { minLength: 1, maxLength: 4 })
      .chain((shape) =>
        fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
      )
      .filter(([shape]) => shape.reduce((a, b) => a * b, 1) < 1e5);
    await fc.assert(
      fc.asyncProperty(permutation, ([shape, dims]) =>
        checkDevices((x) => permute(x, dims), [values(shape)]),
      ),
      RUNS,
    );
  });

  it('name dimensions that do not exist or come twice', () => {
    const x = new Input('x', [2, 3]);
    expect(() => permute(x, [0, 0])).toThrow(
      'permute: (0, 0) does not name each of the 2 dimensions once (given (2, 3))',
    );
    expect(() => permute(x, [0])).toThrow('does not name each of the 2 dimensions once');
    expect(() => transpose(x, 0, 2)).toThrow('transpose: dimension 2 does not exist in a tensor of rank 2');
  });
});
