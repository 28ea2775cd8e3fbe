import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NanobardError } from '../../errors.ts';
import { ALIGNMENT } from '../../program/plan-memory.ts';
import { Heap } from './heap.ts';

const MB = 2 ** 20;

/** Allocate so many bytes, or release the n-th block that is held. */
const action = fc.oneof(
  fc.record({
    allocate: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.constantFrom(0, 1, 256, 65536, 70000)),
  }),
  fc.record({ release: fc.nat(20) }),
);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('Heap', () => {
  it('hands out zeroed memory that nobody else writes to', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const heap = new Heap();
        const held: { address: number; bytes: number; mark: number }[] = [];
        const contents = ({ address, bytes }: { address: number; bytes: number }): Uint8Array =>
          new Uint8Array(heap.memory.buffer, address, bytes);
        actions.forEach((step, i) => {
          if ('allocate' in step) {
            const block = {
              address: heap.allocate(step.allocate, 'a test'),
              bytes: step.allocate,
              mark: 1 + (i % 255),
            };
            expect(block.address % ALIGNMENT).toBe(0);
            expect(contents(block).every((byte) => byte === 0)).toBe(true);
            contents(block).fill(block.mark);
            held.push(block);
          } else if (held.length > 0) {
            const [block] = held.splice(step.release % held.length, 1);
            expect(contents(block!).every((byte) => byte === block!.mark)).toBe(true);
            heap.release(block!.address);
          }
        });
        const sizes = held.map(({ bytes }) => Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT);
        expect(heap.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
        for (const block of held) expect(contents(block).every((byte) => byte === block.mark)).toBe(true);
      }),
    );
  });

  it('joins what is released, in any order, into room for something large', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 });
    fc.assert(
      fc.property(order, (releases) => {
        const heap = new Heap();
        const blocks = Array.from({ length: 8 }, () => heap.allocate(1000, 'a test'));
        const { byteLength } = heap.memory.buffer;
        for (const i of releases) heap.release(blocks[i]!);
        expect(heap.bytes).toBe(0);
        expect(heap.allocate(8 * 1024, 'a test')).toBe(blocks[0]);
        expect(heap.memory.buffer.byteLength).toBe(byteLength);
      }),
    );
  });

  it('keeps a vector of memory after the last block, which kernels may read', () => {
    const heap = new Heap();
    for (const bytes of [256, 65536 - 256, 65536, 3 * 65536]) {
      const end = heap.allocate(bytes, 'a test') + bytes;
      expect(heap.memory.buffer.byteLength).toBeGreaterThanOrEqual(end + 16);
    }
  });

  it('says what is needed and what there is when memory runs out, and goes on', () => {
    const heap = new Heap();
    const refusal = (bytes: number): NanobardError => {
      try {
        heap.allocate(bytes, 'a very large model');
      } catch (error) {
        return error as NanobardError;
      }
      throw new Error('was not refused');
    };
    // WebAssembly's addresses end at 4 GB, whatever the machine has.
    const beyond = refusal(5000 * MB);
    expect(beyond).toBeInstanceOf(NanobardError);
    expect(beyond.code).toBe('memory');
    expect(beyond.message).toMatch(/^a very large model needs 5,000 MB but [\d,]+ MB are available$/);
    expect(beyond.hint).toContain('batch size');
    vi.spyOn(process, 'availableMemory').mockReturnValue(20 * MB);
    expect(refusal(30 * MB).message).toBe('a very large model needs 30 MB but 20 MB are available');
    expect(heap.bytes).toBe(0);
    expect(heap.allocate(10 * MB, 'a model')).toBeGreaterThan(0);
  });
});
