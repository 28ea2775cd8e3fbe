import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from '../../testing/thrown.ts';
import { readParquet } from './read-parquet.ts';

type Field = readonly [id: number, type: number, value: Uint8Array];

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
const bytes = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Uint8Array.from(part)));

const i32 = (id: number, value: number): Field => [
  id,
  5,
  bytes(varint(value < 0 ? -2 * value - 1 : 2 * value)),
];
const i64 = (id: number, value: number): Field => [id, 6, i32(id, value)[2]];
const binary = (id: number, text: string): Field => [id, 8, bytes(varint(text.length), Buffer.from(text))];
const struct = (...fields: readonly Field[]): Uint8Array => {
  const written = fields.map(([id, type, value], i) =>
    bytes([((id - (fields[i - 1]?.[0] ?? 0)) << 4) + type], value),
  );
  return bytes(...written, [0]);
};
const inner = (id: number, ...fields: readonly Field[]): Field => [id, 12, struct(...fields)];
const list = (id: number, type: number, items: readonly Uint8Array[], claimed = items.length): Field => [
  id,
  9,
  bytes([0xf0 + type], varint(claimed), ...items),
];

/** What a file says of itself where the truth is one text. */
interface Claims {
  readonly values?: number;
  readonly rows?: number;
  /** Of the group and the file. */
  readonly groupRows?: number;
  /** In a run of the levels, which say that a text is there. */
  readonly run?: number;
  /** 0 says that no text is there. */
  readonly level?: number;
  readonly length?: number;
  readonly columns?: number;
  readonly size?: number;
  /** Version 2 of pages. */
  readonly nulls?: number;
}

/** A Parquet file of one text. */
function file(claims: Claims = {}): Uint8Array {
  const { values = 1, rows = 1, run = 1, level = 1, nulls } = claims;
  const levels = bytes(varint(2 * run), [level]);
  const text = bytes([claims.length ?? 1, 0, 0, 0], Buffer.from('a'));
  const length = bytes([levels.length, 0, 0, 0]);
  const data = nulls === undefined ? bytes(length, levels, text) : bytes(levels, text);
  const about =
    nulls === undefined
      ? inner(5, i32(1, values), i32(2, 0), i32(3, 3), i32(4, 3))
      : inner(
          8,
          ...[i32(1, values), i32(2, nulls), i32(3, rows), i32(4, 0)],
          ...[i32(5, levels.length), i32(6, 0)],
        );
  const type = nulls === undefined ? 0 : 3;
  const header = struct(i32(1, type), i32(2, claims.size ?? data.length), i32(3, data.length), about);
  const page = bytes(header, data);
  const groupRows = claims.groupRows ?? 1;
  const column = struct(
    i64(2, 0),
    inner(
      3,
      ...[i32(1, 6), list(2, 5, [bytes([0])]), list(3, 8, [binary(0, 'text')[2]]), i32(4, 0)],
      ...[i64(5, values), i64(6, page.length), i64(7, page.length), i64(9, 4)],
    ),
  );
  const footer = struct(
    i32(1, 2),
    list(2, 12, [
      struct(binary(4, 'schema'), i32(5, 1)),
      struct(i32(1, 6), i32(3, 1), binary(4, 'text'), i32(6, 0)),
    ]),
    i64(3, groupRows),
    list(4, 12, [struct(list(1, 12, [column], claims.columns ?? 1), i64(2, page.length), i64(3, groupRows))]),
  );
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(footer.length);
  return bytes(Buffer.from('PAR1'), page, footer, trailer, Buffer.from('PAR1'));
}

const read = (contents: Uint8Array): Promise<string[]> => readParquet(contents, 'a.parquet', 'text');

describe('a Parquet file', () => {
  it('is read, whatever its encoding and compression', async () => {
    // Written by pyarrow 25.
    const folder = join(import.meta.dirname, '../fixtures/parquet');
    const names = await readdir(folder);
    expect(names.length).toBe(7);
    for (const name of names)
      expect(await read(await readFile(join(folder, name))), name).toEqual([
        'Alpha beta.',
        'Gamma 永.',
        'Alpha beta.',
      ]);
    expect(await read(file())).toEqual(['a']);
    expect(await read(file({ nulls: 0 }))).toEqual(['a']);
  });

  it('may have many rows without a text', async () => {
    const many = 2 ** 20;
    const contents = file({ values: many, run: many, groupRows: many, level: 0 });
    expect(await read(contents)).toEqual([]);
  });

  it.each([0, 3, 8, 127])('is refused with blocks in %i parts, which would not end', async (parts) => {
    const contents = await readFile(join(import.meta.dirname, '../fixtures/parquet/delta.parquet'));
    const at = contents.indexOf(Uint8Array.of(0x80, 0x01, 4)); // 128 values in 4 parts
    expect(at).toBeGreaterThan(0);
    contents[at + 2] = parts;
    expect((await rejectionOf(read(contents))).message).toContain(`128 values in ${parts} parts`);
  });

  it('is refused where it claims to have more than it has, before there is room for that', async () => {
    const much = fc.integer({ min: 2, max: 2 ** 30 });
    const claims: fc.Arbitrary<Claims> = fc.oneof(
      ...(['values', 'groupRows', 'run', 'length', 'columns', 'size'] as const).map((key) =>
        fc.record({ [key]: key === 'length' ? fc.integer({ min: 2, max: 255 }) : much }),
      ),
      much.map((many) => ({ values: many, groupRows: many })),
      much.map((many) => ({ values: many, groupRows: many, run: many })),
      much.map((many) => ({ nulls: 1 - many })),
      much.map((many) => ({ nulls: 0, run: many })),
      much.map((many) => ({ nulls: 0, values: many, groupRows: many, rows: many })),
    );
    const before = process.resourceUsage().maxRSS;
    await fc.assert(
      fc.asyncProperty(claims, async (claim) => {
        expect((await rejectionOf(read(file(claim)))).code).toBe('file');
      }),
    );
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(2 ** 16); // kB
  });
});
