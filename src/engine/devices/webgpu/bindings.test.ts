import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { GpuView } from '../../ops/shared/webgpu.ts';
import { accessors, bind, type Operand } from './bindings.ts';

const LIMIT = 4;
const banks = [{ bytes: 1 << 20 }, { bytes: 1 << 20 }, { bytes: 1 << 20 }];

const operand = (bank: number, offset: number, length: number, ...accessors: string[]): Operand => ({
  view: { bank: banks[bank]!, offset, dtype: 'f32', shape: [length], strides: [1] },
  accessors: accessors.length > 0 ? accessors : ['load'],
});

const operands = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,4}$/),
  fc
    .tuple(
      fc.nat(2),
      fc.nat(5000),
      fc.integer({ min: 1, max: 3000 }),
      fc.constantFrom(['load'], ['store'], ['load4'], ['load', 'store4']),
    )
    .map(([bank, offset, length, names]) => operand(bank, offset, length, ...names)),
  { minKeys: 1, maxKeys: 12 },
);

const end = ({ offset, shape }: GpuView): number => 4 * (offset + shape[0]!);

it('shows every operand whole, in few aligned bindings that do not overlap', () => {
  fc.assert(
    fc.property(operands, (all) => {
      const { bindings, bindingOf } = bind(all, LIMIT);
      expect(bindings.length).toBeLessThanOrEqual(LIMIT);
      for (const [name, { view }] of Object.entries(all)) {
        const { bank, offset, size } = bindings[bindingOf.get(name)!]!;
        expect(bank).toBe(view.bank);
        expect(offset).toBeLessThanOrEqual(4 * view.offset);
        expect(offset + size).toBeGreaterThanOrEqual(end(view));
      }
      for (const [i, a] of bindings.entries()) {
        expect(a.offset % 256).toBe(0);
        expect(a.size % (a.vectors ? 16 : 4)).toBe(0);
        for (const b of bindings.slice(i + 1))
          expect(a.bank !== b.bank || a.offset + a.size <= b.offset || b.offset + b.size <= a.offset).toBe(
            true,
          );
      }
    }),
  );
});

it('reaches by vectors what begins at one and is not written word by word', () => {
  const vectors = (...all: Operand[]): boolean[] =>
    bind(Object.fromEntries(all.entries()), LIMIT).bindings.map((binding) => binding.vectors);
  expect(vectors(operand(0, 64, 16, 'load4'))).toEqual([true]);
  expect(vectors(operand(0, 64, 16))).toEqual([false]);
  expect(vectors(operand(0, 65, 16, 'load4'))).toEqual([false]);
  expect(vectors(operand(0, 64, 16, 'load4'), operand(0, 72, 16, 'load'))).toEqual([true]);
  expect(vectors(operand(0, 64, 16, 'load4'), operand(0, 72, 16, 'store'))).toEqual([false]);
  const odd = { view: { ...operand(0, 64, 0).view, shape: [2, 4], strides: [6, 1] }, accessors: ['load4'] };
  expect(vectors(odd)).toEqual([false]);
});

it('writes what the text of a kernel calls', () => {
  const all = { x: operand(0, 70, 4, 'load', 'store'), y: operand(1, 0, 8, 'store4') };
  expect(accessors(all, bind(all, LIMIT))).toBe(
    [
      '@group(0) @binding(0) var<storage, read_write> b0: array<u32>;',
      '@group(0) @binding(1) var<storage, read_write> b1: array<vec4<u32>>;',
      'fn load_x(i: u32) -> f32 { return bitcast<f32>(b0[i + 6u]); }',
      'fn store_x(i: u32, value: f32) { b0[i + 6u] = bitcast<u32>(value); }',
      'fn store4_y(i: u32, value: vec4<f32>) { b1[(i) / 4u] = bitcast<vec4<u32>>(value); }',
    ].join('\n'),
  );
});

it('refuses what no merging makes few enough', () => {
  const all = { a: operand(0, 0, 1), b: operand(1, 0, 1), c: operand(2, 0, 1) };
  expect(() => bind(all, 2)).toThrow('a kernel needs 3 storage buffers of 2');
});
