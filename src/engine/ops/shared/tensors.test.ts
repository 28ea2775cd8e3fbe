import fc from 'fast-check';
import { expect, it } from 'vitest';
import { manyTensors } from './tensors.ts';
import type { GpuBank, GpuView, WebGpuTape } from './webgpu.ts';

const tables: Int32Array[] = [];
const tape = {
  table(values: Int32Array<ArrayBuffer>): GpuView {
    tables.push(values);
    return { bank: { bytes: 0 }, offset: 0, dtype: 'i32', shape: [values.length], strides: [1] };
  },
} as WebGpuTape;

/** What `rowOf` finds: the last row whose first group is not after this one. */
function rowOf(table: Int32Array, width: number, group: number): Int32Array {
  const rows = Array.from({ length: table.length / width }, (_, i) =>
    table.subarray(i * width, (i + 1) * width),
  );
  return rows.findLast((row) => row[0]! <= group)!;
}

it('reaches every element of every tensor once, where it lies', () => {
  const tensor = fc.record({ size: fc.integer({ min: 1, max: 90 }), bank: fc.nat(1), apart: fc.nat(50) });
  fc.assert(
    fc.property(
      fc.array(tensor, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 300 }),
      (all, block) => {
        const banks: GpuBank[] = [{ bytes: 0 }, { bytes: 0 }];
        const used = [0, 0];
        const views = all.map(({ size, bank, apart }): GpuView => {
          const offset = used[bank]! + apart;
          used[bank] = offset + size;
          return { bank: banks[bank]!, offset, dtype: 'f32', shape: [size], strides: [1] };
        });
        const reached: string[] = [];
        tables.length = 0;
        const dispatches = manyTensors(tape, { x: views }, block, (i) => [7 * i]);
        for (const [i, { operands, constants, groups, members }] of dispatches.entries()) {
          const { bank, offset } = operands.x;
          for (let group = 0; group < groups; group++) {
            const [first, size, start, more] = rowOf(tables[i]!, constants.ROW, group);
            const at = members.find((member) => 7 * member === more)!;
            expect(views[at]!.bank).toBe(bank);
            const from = (group - first!) * block;
            for (let element = from; element < Math.min(from + block, size!); element++) {
              expect(offset + start! + element).toBe(views[at]!.offset + element);
              reached.push(`${at} ${element}`);
            }
          }
        }
        expect(dispatches.length).toBeLessThanOrEqual(2);
        expect(reached.length).toBe(all.reduce((sum, { size }) => sum + size, 0));
        expect(new Set(reached).size).toBe(reached.length);
      },
    ),
    { numRuns: 30 },
  );
});
