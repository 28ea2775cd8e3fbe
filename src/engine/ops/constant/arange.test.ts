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
    const starts = new Input('starts', [2], 'i32');
    for (const device of devices) {
      const { data, shape } = await device.evaluate(arange(3, starts), { starts: [40, -1] });
      expect([Array.from(data), shape]).toEqual([
        [40, 41, 42, -1, 0, 1],
        [2, 3],
      ]);
    }
  });

  it('refuses lengths and starts that it cannot use', () => {
    expect(() => arange(2.5)).toThrow('arange: length must be an integer from 0 to 2^31 − 1, not 2.5');
    expect(() => arange(2, new Input('start', [1, 2], 'i32'))).toThrow(
      'the start must be an i32 scalar or a number for each of B sequences, not i32 (1, 2)',
    );
    expect(() => arange(2, new Input('start', []))).toThrow('not f32 ()');
  });
});
