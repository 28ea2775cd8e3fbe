import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  extent,
  integers,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import { Input } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { concat, stack, transpose } from './views.ts';

describe('concat and stack', () => {
  const a = constant(Float32Array.of(1, 2, 3, 4), [2, 2]);
  const b = constant(Float32Array.of(5, 6), [2, 1]);

  it('put tensors one after another and side by side', async () => {
    expect(await reference.evaluate(concat([a, b], -1))).toMatchObject({
      shape: [2, 3],
      data: Float64Array.of(1, 2, 5, 3, 4, 6),
    });
    const stacked = await reference.evaluate(stack([b, b], 1));
    expect(stacked).toMatchObject({ shape: [2, 2, 1], data: Float64Array.of(5, 5, 6, 6) });
    expect(stack([a, a, a], -1).shape).toEqual([2, 2, 3]);
  });

  it('have the gradient that finite differences have', async () => {
    await checkGradient(
      (...parts) => concat(parts, 1),
      [values([2, 3], 1), values([2, 1], 2), values([2, 4], 3)],
    );
    await checkGradient((...parts) => stack(parts, 1), [values([2, 3], 1), values([2, 3], 2)]);
    await checkGradient((x) => concat([x, x]), [values([3])]);
  });

  it('are the same on every device', async () => {
    const extents = fc.array(extent, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(extent, extents, extent, async (outer, middle, inner) => {
        const operands = middle.map((n, i) => values([outer, n, inner], i));
        await checkDevices((...parts) => concat(parts, 1), operands);
        await checkDevices((...parts) => concat(parts.map((x) => transpose(x, 0, 1))), operands);
      }),
      RUNS,
    );
    await checkDevices((...parts) => stack(parts, -1), [integers([3, 5], 9, 1), integers([3, 5], 9, 2)], {
      gradients: false,
    });
  });

  it('name the shapes that do not join', () => {
    expect(() => concat([a, b], 0)).toThrow(
      'concat: only the extents of dimension 0 may differ (given (2, 2) and (2, 1))',
    );
    expect(() => stack([a, b])).toThrow('stack: all shapes must be equal (given (2, 2) and (2, 1))');
    expect(() => concat([])).toThrow('concat: needs at least one tensor');
    expect(() => concat([a, new Input('ids', [2, 2], 'i32')])).toThrow('concat: cannot join f32 with i32');
    expect(() => stack([a, a], 3)).toThrow('stack: dimension 3 does not exist in a tensor of rank 3');
  });
});
