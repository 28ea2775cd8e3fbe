import { ALIGNMENT } from '../../program/plan-memory.ts';
import type { Block } from './runner.ts';

/** First-fit allocation of addresses from `base` on. What lies at them is not its business. */
export class Heap {
  /** Where the last block ends. */
  end: number;
  /** Free ranges below `end`, by address. */
  private free: Block[] = [];
  private readonly blocks = new Map<number, Block>();

  constructor(base: number) {
    this.end = base;
  }

  /** Bytes in use. */
  get bytes(): number {
    return [...this.blocks.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** A block of at least so many bytes, however far it reaches. */
  allocate(wanted: number): Block {
    const bytes = Math.max(1, Math.ceil(wanted / ALIGNMENT)) * ALIGNMENT;
    const gap = this.free.findIndex((range) => range.bytes >= bytes);
    const range = this.free[gap];
    const block = { address: range?.address ?? this.end, bytes };
    if (!range) this.end += bytes;
    else if (range.bytes === bytes) this.free.splice(gap, 1);
    else this.free[gap] = { address: range.address + bytes, bytes: range.bytes - bytes };
    this.blocks.set(block.address, block);
    return block;
  }

  release(address: number): void {
    const block = this.blocks.get(address);
    if (block === undefined) return;
    this.blocks.delete(address);
    const at = this.free.findIndex((range) => range.address > address);
    this.free.splice(at < 0 ? this.free.length : at, 0, block);
    const merged: Block[] = [];
    for (const range of this.free) {
      const last = merged.at(-1);
      if (last && last.address + last.bytes === range.address)
        merged[merged.length - 1] = { address: last.address, bytes: last.bytes + range.bytes };
      else merged.push(range);
    }
    const last = merged.at(-1);
    if (last && last.address + last.bytes === this.end) {
      this.end = last.address;
      merged.pop();
    }
    this.free = merged;
  }
}
