import { describe, expect, it } from 'vitest';
import { devices } from '../../../testing/check.ts';
import { Input } from '../../tensor/tensor.ts';
import { arange } from './constant.ts';

describe('arange', () => {
  it('counts from 0, or from where an input says', async () => {
    const start = new Input('start', [], 'i32');
    for (const device of devices) {
      expect(Array.from((await device.evaluate(arange(5))).data)).toEqual([0, 1, 2, 3, 4]);
      expect(Array.from((await device.evaluate(arange(3, start), { start: [40] })).data)).toEqual([
        40, 41, 42,
      ]);
    }
    expect(arange(3, start).dtype).toBe('i32');
  });

  it('refuses lengths and starts that it cannot use', () => {
    expect(() => arange(2.5)).toThrow('arange: length must be an integer from 0 to 2^31 − 1, not 2.5');
    expect(() => arange(2, new Input('start', [1], 'i32'))).toThrow(
      'the start must be an i32 scalar, not i32 of rank 1',
    );
    expect(() => arange(2, new Input('start', []))).toThrow(
      'the start must be an i32 scalar, not f32 of rank 0',
    );
  });
});
