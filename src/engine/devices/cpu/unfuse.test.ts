import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isFused, unfuse } from './unfuse.ts';

const { fround } = Math;

/** A module of functions (f32, f32, f32) → f32, each of which gives one lane of a fused instruction. */
function moduleOf(...instructions: readonly number[]): Uint8Array {
  const section = (id: number, ...bytes: readonly number[]): number[] => [id, bytes.length, ...bytes];
  const count = instructions.length;
  const operands = [0, 1, 2].flatMap((i) => [0x20, i, 0xfd, 0x13]); // local.get i, f32x4.splat
  const bodies = instructions.map((kind, i) => {
    const variables = i === 0 ? [0] : [2, 3, 0x7f, 1, 0x7b]; // none; or three of i32 and one of v128
    return [...variables, ...operands, 0xfd, kind, 0x02, 0xfd, 0x1f, 0, 0x0b]; // …, f32x4.extract_lane 0, end
  });
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 2, 0x60, 0, 0, 0x60, 3, 0x7d, 0x7d, 0x7d, 1, 0x7d),
    ...section(3, count, ...instructions.map(() => 1)),
    ...section(7, count, ...instructions.flatMap((_, i) => [1, 0x61 + i, 0, i])), // as a, b, …
    ...section(10, count, ...bodies.flatMap((body) => [body.length, ...body])),
  ]);
}

it('rounds products before they are added or taken away', async () => {
  const plain = unfuse(moduleOf(0x85, 0x86));
  expect([...plain.keys()].filter((at) => isFused(plain, at))).toEqual([]);
  const { instance } = await WebAssembly.instantiate(plain);
  const { a: madd, b: nmadd } = instance.exports as Record<
    string,
    (x: number, y: number, z: number) => number
  >;
  const number = fc.float({ noNaN: true });
  fc.assert(
    fc.property(number, number, number, (x, y, z) => {
      const product = fround(x * y);
      expect(madd!(x, y, z)).toBe(fround(product + z));
      expect(nmadd!(x, y, z)).toBe(fround(z - product));
    }),
  );
});

it('leaves a module without any as it is', () => {
  const module = moduleOf();
  expect(unfuse(module)).toEqual(module);
});
