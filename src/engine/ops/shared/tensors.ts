import { sizeOf } from '../../tensor/shape.ts';
import type { GpuBank, GpuView, WebGpuTape } from './webgpu.ts';

/** A dispatch for many tensors: what `rowOf` (tensors.wgsl) and the kernels that call it are given. */
export interface ManyTensors<Name extends string> {
  readonly operands: Readonly<Record<Name | 'table', GpuView>>;
  readonly constants: { readonly TENSORS: number; readonly ROW: number; readonly BLOCK: number };
  readonly groups: number;
  /** Which of the tensors these are. */
  readonly members: readonly number[];
}

/**
 * Lets one dispatch reach many tensors: those of each list by one operand, which spans them all. `lists[name][i]` belong
 * together and have one size, of which each group of threads takes `block` elements. A row of the table tells, for each
 * i: its first group, its size, where it begins in the operand of each list, in their order, and what `more` adds.
 *
 * There is one dispatch for tensors that lie in the same banks: usually one for all.
 */
export function manyTensors<Name extends string>(
  tape: WebGpuTape,
  lists: Readonly<Record<Name, readonly GpuView[]>>,
  block: number,
  more: (i: number) => readonly number[] = () => [],
): ManyTensors<Name>[] {
  const names = Object.keys(lists) as Name[];
  const count = lists[names[0]!].length;
  return byBanks(count, (i) => names.map((name) => lists[name][i]!.bank)).map((members) => {
    const operands = {} as Record<Name | 'table', GpuView>;
    for (const name of names) operands[name] = span(members.map((i) => lists[name][i]!));
    let groups = 0;
    const rows = members.map((i) => {
      const size = sizeOf(lists[names[0]!][i]!.shape);
      const starts = names.map((name) => lists[name][i]!.offset - operands[name].offset);
      const row = [groups, size, ...starts, ...more(i)];
      groups += Math.ceil(size / block);
      return row;
    });
    operands.table = tape.table(Int32Array.from(rows.flat()));
    return {
      operands,
      constants: { TENSORS: rows.length, ROW: rows[0]!.length, BLOCK: block },
      groups,
      members,
    };
  });
}

/** The numbers below `count`, those together whose banks are the same. */
function byBanks(count: number, banksOf: (i: number) => readonly GpuBank[]): number[][] {
  const classes: { readonly banks: readonly GpuBank[]; readonly members: number[] }[] = [];
  for (let i = 0; i < count; i++) {
    const banks = banksOf(i);
    const known = classes.find((other) => other.banks.every((bank, at) => bank === banks[at]));
    if (known) known.members.push(i);
    else classes.push({ banks, members: [i] });
  }
  return classes.map(({ members }) => members);
}

/** From the first of these, which lie in one bank, to the last. */
function span(views: readonly GpuView[]): GpuView {
  const { bank, dtype } = views[0]!;
  const offset = Math.min(...views.map((view) => view.offset));
  const end = Math.max(...views.map((view) => view.offset + sizeOf(view.shape)));
  return { bank, dtype, offset, shape: [end - offset], strides: [1] };
}
