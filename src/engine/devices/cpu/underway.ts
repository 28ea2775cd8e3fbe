import type { CpuView } from '../../ops/shared/kernel.ts';
import { BYTES_PER_ELEMENT, sizeOf } from '../../tensor/index.ts';

/** Bytes from the first to before the second address. */
type Range = readonly [begin: number, end: number];

/** What an instruction touches. */
export interface Touched {
  readonly reads: readonly CpuView[];
  readonly writes: readonly CpuView[];
  /** Whether it uses scratch memory, which all share. */
  readonly scratch: boolean;
}

/** What may be going on at a place of the tape: calls for which nobody has waited. */
export class Underway {
  private reads: Range[] = [];
  private writes: Range[] = [];
  private scratch = false;

  /** Whether an instruction must wait until all of it is done: it reads or overwrites what that writes, or reads. */
  disturbs({ reads, writes, scratch }: Touched): boolean {
    const [from, to] = [rangesOf(reads), rangesOf(writes)];
    return (
      (scratch && this.scratch) || meet(from, this.writes) || meet(to, this.writes) || meet(to, this.reads)
    );
  }

  /** From here on it is going on, too. */
  add({ reads, writes, scratch }: Touched): void {
    this.reads.push(...rangesOf(reads));
    this.writes.push(...rangesOf(writes));
    this.scratch ||= scratch;
  }

  /** All of it is done. */
  clear(): void {
    this.reads = [];
    this.writes = [];
    this.scratch = false;
  }
}

function rangesOf(views: readonly CpuView[]): Range[] {
  return views.flatMap(({ address, shape, strides }) => {
    if (sizeOf(shape) === 0) return [];
    const spans = shape.map((extent, i) => (extent - 1) * strides[i]!);
    const [low, high] = [Math.min, Math.max].map((f) => spans.reduce((sum, span) => sum + f(0, span), 0));
    return [[address + BYTES_PER_ELEMENT * low!, address + BYTES_PER_ELEMENT * (high! + 1)] as const];
  });
}

function meet(some: readonly Range[], others: readonly Range[]): boolean {
  return some.some(([begin, end]) => others.some(([from, to]) => begin < to && from < end));
}
