import { expect, it } from 'vitest';
import { type ProductShape, type Tile, tiles, usualTile } from '../../ops/shared/tile.ts';
import type { PlacedProgram } from '../../program/program.ts';
import { ShortMemo } from '../memo.ts';
import { TileTuner } from './tile-tuner.ts';

const gpu = { name: 'a GPU', software: false };
const product: ProductShape = {
  ...{ batches: 1, rows: 300, columns: 500, terms: 700 },
  ...{ aByColumns: false, bByColumns: true },
};

/** An adapter on which `favourite` is the fastest; remembers what was measured. */
function measurer(favourite: Tile) {
  const measured: { readonly program: PlacedProgram; readonly tile: Tile }[] = [];
  const measure = async (program: PlacedProgram, tile: Tile): Promise<number> => {
    measured.push({ program, tile });
    return tile === favourite ? 1 : 2;
  };
  return { measured, measure };
}

it.each(tiles)('takes $rows × $columns by $threadRows where that is the fastest', async (tile) => {
  const tuner = new TileTuner(new ShortMemo(), gpu);
  await tuner.tune([product], measurer(tile).measure);
  expect(tuner.tileFor(product)).toBe(tile);
});

it('measures the very product, once, and never again where it is remembered', async () => {
  const memo = new ShortMemo();
  const { measured, measure } = measurer(tiles[2]!);
  const tuner = new TileTuner(memo, gpu);
  await tuner.tune([product, { ...product }], measure);
  expect(measured.map(({ tile }) => tile)).toEqual(tiles);
  const [a, b, c] = [
    ...measured[0]!.program.instructions[0]!.inputs,
    measured[0]!.program.instructions[0]!.outputs[0]!,
  ];
  expect(a).toMatchObject({ shape: [1, 300, 700], strides: [210_000, 700, 1] });
  expect(b).toMatchObject({ shape: [1, 700, 500], strides: [350_000, 1, 700] });
  expect(c).toMatchObject({ shape: [1, 300, 500], strides: [150_000, 500, 1] });
  await tuner.tune([product], measure);
  const next = new TileTuner(memo, gpu);
  await next.tune([product], measure);
  expect(next.tileFor(product)).toBe(tiles[2]);
  expect(measured.length).toBe(tiles.length);
  // Another adapter is another question, and so are other strides.
  await new TileTuner(memo, { ...gpu, name: 'another' }).tune([product], measure);
  await next.tune([{ ...product, aByColumns: true }], measure);
  expect(measured.length).toBe(3 * tiles.length);
});

it('measures large products by smaller ones, and small ones with the tiles that they fill', async () => {
  const { measured, measure } = measurer(tiles.at(-1)!);
  const tuner = new TileTuner(new ShortMemo(), gpu);
  const large = { ...product, batches: 100, rows: 50_000, columns: 8192 };
  await tuner.tune([large], measure);
  expect(tuner.tileFor({ ...large, rows: 4096 })).toBe(tiles.at(-1));
  for (const { program } of measured) expect(program.arenaBytes).toBeLessThanOrEqual(3 * 2 ** 24);
  measured.length = 0;
  await tuner.tune([{ ...product, rows: 1 }], measure);
  expect(measured.map(({ tile }) => tile)).toEqual([tiles[0]]);
});

it('does without what it cannot know', async () => {
  const { measured, measure } = measurer(tiles[1]!);
  const software = new TileTuner(new ShortMemo(), { ...gpu, software: true });
  await software.tune([product], measure);
  expect(measured).toEqual([]);
  expect(software.tileFor(product)).toBe(usualTile(product, { software: true }));
  for (const damaged of ['{', '7', '[["x", "1 × 1 / 1"], 3]']) {
    const memo = new ShortMemo();
    await memo.set('tiles of a GPU', damaged);
    const tuner = new TileTuner(memo, gpu);
    await tuner.tune([product], measure);
    expect(tuner.tileFor(product)).toBe(tiles[1]);
  }
});
