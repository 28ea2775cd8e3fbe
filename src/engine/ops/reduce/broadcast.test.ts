import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDevices,
  checkGradient,
  extent,
  type Operand,
  RUNS,
  reference,
  values,
} from '../../../testing/check.ts';
import type { Shape } from '../../tensor/shape.ts';
import { Input } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { broadcastTo, sumTo } from './broadcast.ts';

/** Terms that do not cancel, so that the error of a sum stays in proportion to it. */
function positive(shape: Shape): Operand {
  return { shape, data: Float32Array.from(values(shape).data, (v) => v + 1) };
}

/** A shape and a smaller one that stretches to it. */
const stretching = fc
  .array(fc.tuple(extent, fc.boolean()), { maxLength: 4 })
  .chain((dims) => fc.tuple(fc.constant(dims), fc.nat(dims.length)))
  .map(([dims, drop]) => ({
    large: dims.map(([n]) => n),
    small: dims.map(([n, stretched]) => (stretched ? 1 : n)).slice(drop),
  }))
  .filter(({ large }) => large.reduce((a, b) => a * b, 1) < 1e5);

describe('broadcastTo and sumTo', () => {
  it('repeat, and add up what was repeated', async () => {
    const row = constant(Float32Array.of(1, 2, 3));
    const wide = await reference.evaluate(broadcastTo(row, [2, 3]));
    expect(wide).toMatchObject({ shape: [2, 3], data: Float64Array.of(1, 2, 3, 1, 2, 3) });
    const x = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    expect((await reference.evaluate(sumTo(x, [3]))).data).toEqual(Float64Array.of(5, 7, 9));
    expect((await reference.evaluate(sumTo(x, [2, 1]))).data).toEqual(Float64Array.of(6, 15));
    expect((await reference.evaluate(sumTo(x, []))).data).toEqual(Float64Array.of(21));
  });

  it('are each the gradient of the other', async () => {
    await checkGradient((x) => broadcastTo(x, [2, 3, 4]), [values([3, 1])]);
    await checkGradient((x) => broadcastTo(x, [2, 3]), [values([])]);
    await checkGradient((x) => sumTo(x, [3, 1, 2]), [values([2, 3, 4, 2])]);
  });

  it('are the same on every device', async () => {
    await fc.assert(
      fc.asyncProperty(stretching, async ({ large, small }) => {
        await checkDevices((x) => broadcastTo(x, large), [values(small)], { gradients: false });
        await checkDevices((x) => sumTo(x, small), [positive(large)]);
      }),
      RUNS,
    );
  });

  it('sum dimensions that do not lie together', async () => {
    await checkDevices((x) => sumTo(x, [1, 5, 1, 7, 1]), [positive([4, 5, 3, 7, 6])]);
  });

  it('name the shapes that do not fit', () => {
    const x = new Input('x', [2, 3]);
    expect(() => broadcastTo(x, [3])).toThrow('broadcastTo: (2, 3) does not stretch to (3)');
    expect(() => broadcastTo(x, [4, 3])).toThrow(
      'broadcastTo: extents 2 and 4 of dimension -2 do not broadcast',
    );
    expect(() => sumTo(x, [2, 2])).toThrow(/^sumTo: /);
    expect(() => sumTo(x, [1, 2, 3])).toThrow('sumTo: (1, 2, 3) does not stretch to (2, 3)');
  });
});
