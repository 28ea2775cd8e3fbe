import { ALIGNMENT } from '../../program/plan-memory.ts';
import type { Block } from './runner.ts';

/** First-fit allocation of addresses from `base` on. What lies at them is not its business. */
export class Heap {
  private readonly base: number;
  /** By address. */
  private readonly blocks: Block[] = [];

  constructor(base: number) {
    this.base = base;
  }

  /** Where the last block ends. */
  get end(): number {
    const last = this.blocks.at(-1);
    return last ? last.address + last.bytes : this.base;
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** A block of at least so many bytes, however far it reaches. */
  allocate(wanted: number): Block {
    const bytes = Math.max(1, Math.ceil(wanted / ALIGNMENT)) * ALIGNMENT;
    let address = this.base;
    let at = 0;
    for (const block of this.blocks) {
      if (block.address - address >= bytes) break;
      address = block.address + block.bytes;
      at++;
    }
    const block = { address, bytes };
    this.blocks.splice(at, 0, block);
    return block;
  }

  release(address: number): void {
    const at = this.blocks.findIndex((block) => block.address === address);
    if (at >= 0) this.blocks.splice(at, 1);
  }
}
