import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Banks } from './banks.ts';

it('fills banks up to their limit, without overlap', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4096)), (sizes) => {
      const banks = new Banks(4096);
      const places = sizes.map((bytes) => ({ ...banks.allocate(bytes, 'a tensor'), bytes }));
      for (const { bytes } of banks.all) expect(bytes).toBeLessThanOrEqual(4096);
      for (const [i, a] of places.entries()) {
        expect(a.offset + a.bytes).toBeLessThanOrEqual(a.bank.bytes);
        expect(a.offset % 256).toBe(0);
        for (const b of places.slice(i + 1))
          expect(a.bank !== b.bank || a.offset + a.bytes <= b.offset).toBe(true);
      }
    }),
  );
});

it('has no room in a full bank, not even for an empty tensor', () => {
  const banks = new Banks(4096);
  const [full, empty] = [4096, 0].map((bytes) => banks.allocate(bytes, 'a tensor'));
  expect(empty!.bank).not.toBe(full!.bank);
  expect(banks.all.map(({ bytes }) => bytes)).toEqual([4096, 256]);
});

it('says what does not fit into any', () => {
  expect(() => new Banks(1 << 20).allocate(5 << 20, 'variable wte')).toThrow(
    'variable wte needs 5 MB in one piece, but a buffer of this GPU holds 1 MB',
  );
});
