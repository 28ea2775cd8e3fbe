import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALIGNMENT } from '../../program/plan-memory.ts';
import { Heap } from './heap.ts';
import type { Block } from './runner.ts';

const BASE = 4096;

/** Allocate so many bytes, or release the n-th block that is held. */
const action = fc.oneof(
  fc.record({
    allocate: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.constantFrom(0, 1, 256, 65536, 70000)),
  }),
  fc.record({ release: fc.nat(20) }),
);

describe('Heap', () => {
  it('hands out aligned blocks that never overlap, and ends with the last of them', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const heap = new Heap(BASE);
        const held: Block[] = [];
        for (const step of actions) {
          if ('allocate' in step) {
            const block = heap.allocate(step.allocate);
            expect(block.address % ALIGNMENT).toBe(0);
            expect(block.bytes).toBe(Math.max(1, Math.ceil(step.allocate / ALIGNMENT)) * ALIGNMENT);
            held.push(block);
          } else if (held.length > 0) {
            const [block] = held.splice(step.release % held.length, 1);
            heap.release(block!.address);
          }
          let end = BASE;
          for (const { address, bytes } of held.toSorted((a, b) => a.address - b.address)) {
            expect(address).toBeGreaterThanOrEqual(end);
            end = address + bytes;
          }
          expect(heap.end).toBe(end);
          expect(heap.bytes).toBe(held.reduce((sum, { bytes }) => sum + bytes, 0));
        }
      }),
    );
  });

  it('joins what is released, in any order, for something large', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 });
    fc.assert(
      fc.property(order, (releases) => {
        const heap = new Heap(BASE);
        const blocks = Array.from({ length: 8 }, () => heap.allocate(1000));
        const last = heap.allocate(1);
        const { end } = heap;
        for (const i of releases) heap.release(blocks[i]!.address);
        expect(heap.allocate(8 * 1024).address).toBe(blocks[0]!.address);
        expect(heap.end).toBe(end);
        heap.release(blocks[0]!.address);
        heap.release(last.address);
        expect(heap.end).toBe(BASE);
        expect(heap.bytes).toBe(0);
      }),
    );
  });
});
