import { describe, expect, it } from 'vitest';
import { devices } from '../../../testing/check.ts';
import type { NestedNumbers } from '../../tensor/constant.ts';
import type { DType } from '../../tensor/dtype.ts';
import { constant, ones, scalar, tensor, zeros } from './constant.ts';

describe('tensor', () => {
  it('takes its shape from nested arrays, to any depth', async () => {
    expect(tensor([[1, 2.5], [3, 4]]).toArray()).toEqual([[1, 2.5], [3, 4]]); // biome-ignore format: rows
    for (const [values, shape] of [
      [5, []],
      [[1, 2, 3], [3]],
      [
        [[1], [2]],
        [2, 1],
      ],
      [
        [[[1, 2]], [[3, 4]], [[5, 6]]],
        [3, 1, 2],
      ],
      [[], [0]],
      [
        [[], []],
        [2, 0],
      ],
    ] as const) {
      const x = tensor(values);
      expect(x.shape).toEqual(shape);
      expect(x.toArray()).toEqual(values);
      for (const device of devices)
        expect(Array.from((await device.evaluate(x)).data)).toEqual([values].flat(3));
    }
  });

  it('is f32 by default, also of whole numbers, and i32 if asked', () => {
    expect(tensor([1, 2])).toMatchObject({ dtype: 'f32', data: Float32Array.of(1, 2) });
    expect(tensor([[-1], [2 ** 31 - 1]], 'i32')).toMatchObject({
      dtype: 'i32',
      data: Int32Array.of(-1, 2 ** 31 - 1),
    });
    expect(tensor([Number.NaN, -Infinity]).toArray()).toEqual([Number.NaN, -Infinity]);
  });

  it('refuses what is ragged, saying where', () => {
    const ragged = (values: NestedNumbers) => expect(() => tensor(values));
    ragged([[1, 2], [3]]).toThrow('tensor: values[1] has 1 elements, where the others are arrays of 2');
    ragged([
      [[1], [2]],
      [[3], 4],
    ]).toThrow('tensor: values[1][1] is a number, where the others are arrays of 1');
    ragged([1, [2]]).toThrow('tensor: values[1] has 1 elements, where the others are numbers');
    ragged([[], [1]]).toThrow('values[1] has 1 elements, where the others are arrays of 0');
  });

  it('refuses what are no numbers, or no integers where it shall hold such', () => {
    for (const values of [undefined, null, '1', ['1'], [[1, undefined]], [true], Float32Array.of(1)])
      expect(() => tensor(values as NestedNumbers)).toThrow(
        /^tensor: values.* is neither a number nor an array/,
      );
    for (const value of [0.5, 2 ** 31, Number.NaN])
      expect(() => tensor([1, value], 'i32')).toThrow(`tensor: ${value} is not an integer of 32 bits`);
    expect(() => tensor([1], 'f64' as DType)).toThrow('a tensor cannot have the dtype f64');
  });
});

describe('zeros and ones', () => {
  it('fill a shape', () => {
    expect(zeros([2, 3]).toArray()).toEqual([[0, 0, 0], [0, 0, 0]]); // biome-ignore format: rows
    expect(ones([2], 'i32')).toMatchObject({ dtype: 'i32', data: Int32Array.of(1, 1) });
    expect(ones([]).item()).toBe(1);
  });

  it('refuse what is no shape', () => {
    for (const shape of [undefined, 3, [-1], [1.5], [Number.NaN], ['2']])
      expect(() => ones(shape as number[])).toThrow('a tensor cannot have the shape');
  });
});

describe('constant and scalar', () => {
  it('refuse what are no values of tensors', () => {
    expect(() => constant([1, 2] as unknown as Float32Array)).toThrow(
      'must be a Float32Array or an Int32Array',
    );
    expect(() => constant(new Float32Array(3), [2])).toThrow('3 values do not fill the shape (2)');
    for (const value of [undefined, '1', null])
      expect(() => scalar(value as unknown as number)).toThrow('scalar: value must be a finite number');
  });
});
