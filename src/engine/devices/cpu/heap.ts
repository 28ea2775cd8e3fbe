import { NanobardError } from '../../errors.ts';
import { ALIGNMENT } from '../../program/plan-memory.ts';
import { availableMemory } from './host.ts';

const PAGE = 65536;
/** WebAssembly's 32-bit addresses reach this far. */
const MAX_PAGES = 65536;
/** The kernels' own static data lies below. */
const BASE = PAGE;

const formatMegabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MB`;

/** First-fit allocation in one growing WebAssembly memory. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Free ranges below `end`, by address. */
  private free: { address: number; bytes: number }[] = [];
  private end = BASE;
  private readonly sizes = new Map<number, number>();

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: BASE / PAGE, maximum: MAX_PAGES, shared: true });
  }

  /** Bytes in use. */
  get bytes(): number {
    return [...this.sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Address of `bytes` zeroed bytes, or an error with code `memory` that says what they are for. */
  allocate(bytes: number, purpose: string): number {
    const size = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    let address: number;
    const gap = this.free.findIndex((range) => range.bytes >= size);
    if (gap >= 0) {
      const range = this.free[gap]!;
      address = range.address;
      if (range.bytes === size) this.free.splice(gap, 1);
      else this.free[gap] = { address: address + size, bytes: range.bytes - size };
      new Uint8Array(this.memory.buffer, address, size).fill(0);
    } else {
      this.grow(this.end + size, size, purpose);
      address = this.end;
      this.end += size;
    }
    this.sizes.set(address, size);
    return address;
  }

  release(address: number): void {
    const bytes = this.sizes.get(address);
    if (bytes === undefined) return;
    this.sizes.delete(address);
    const at = this.free.findIndex((range) => range.address > address);
    this.free.splice(at < 0 ? this.free.length : at, 0, { address, bytes });
    const merged: typeof this.free = [];
    for (const range of this.free) {
      const last = merged.at(-1);
      if (last && last.address + last.bytes === range.address) last.bytes += range.bytes;
      else merged.push({ ...range });
    }
    this.free = merged;
  }

  /** Makes the memory reach `end`, and `ALIGNMENT` bytes further: kernels may read past a row, never write. */
  private grow(end: number, bytes: number, purpose: string): void {
    const pages = Math.ceil((end + ALIGNMENT) / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (pages <= 0) return;
    const limit = MAX_PAGES * PAGE - this.end;
    const available = Math.min(limit, availableMemory());
    const refuse = (cause?: unknown): NanobardError =>
      new NanobardError(
        'memory',
        `${purpose} needs ${formatMegabytes(bytes)} but ${formatMegabytes(available)} are available`,
        {
          hint: 'Use a smaller batch size, block size or model, or fewer rows in its tables.',
          cause,
        },
      );
    if (bytes > available) throw refuse();
    try {
      this.memory.grow(pages);
    } catch (cause) {
      throw refuse(cause);
    }
  }
}
