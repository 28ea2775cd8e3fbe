import { NanobardError } from '../../errors.ts';
import { matmulOperation } from '../../ops/matmul/matmul.ts';
import { type ProductShape, type Tile, tiles, usualTile } from '../../ops/shared/tile.ts';
import { planMemory } from '../../program/plan-memory.ts';
import type { PlacedProgram, View } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, sizeOf } from '../../tensor/index.ts';
import type { Memo } from '../memo.ts';

/**
 * Sides of what is measured, at most; and elements of each of its matrices. Beyond, a GPU has work enough, and the
 * choice is the same.
 */
const LONGEST = 2048;
const MOST_ELEMENTS = 2 ** 22;

/** Milliseconds that `program` takes, cut into these tiles. */
export type MeasureTile = (program: PlacedProgram, tile: Tile) => Promise<number>;

/**
 * Chooses the tiles of matrix products by what an adapter takes for them: a short measurement for each shape, which is
 * remembered. Tiles change no bit of a product, so that nothing depends on what was measured.
 */
export class TileTuner {
  private readonly memo: Memo;
  private readonly key: string;
  private readonly software: boolean;
  private chosen: Map<string, Tile> | undefined;

  constructor(memo: Memo, { name, software }: { readonly name: string; readonly software: boolean }) {
    this.memo = memo;
    this.key = `tiles of ${name}`;
    this.software = software;
  }

  /** The fastest tile, if that is known; one that serves if not. */
  tileFor(product: ProductShape): Tile {
    return this.chosen?.get(keyOf(clip(product))) ?? usualTile(product, { software: this.software });
  }

  /** Finds the fastest tiles for products for which they are not known. Adapters in software are not worth it. */
  async tune(products: readonly ProductShape[], measure: MeasureTile): Promise<void> {
    if (this.software) return;
    this.chosen ??= parse(await this.memo.get(this.key));
    const open = new Map(products.map(clip).map((product) => [keyOf(product), product]));
    for (const key of this.chosen.keys()) open.delete(key);
    if (open.size === 0) return;
    try {
      for (const [key, product] of open) this.chosen.set(key, await fastest(product, measure));
    } catch (error) {
      // Without memory to measure in, what serves everywhere must do.
      if (!(error instanceof NanobardError && error.code === 'memory')) throw error;
    }
    await this.memo.set(this.key, JSON.stringify([...this.chosen].map(([key, tile]) => [key, nameOf(tile)])));
  }
}

async function fastest(product: ProductShape, measure: MeasureTile): Promise<Tile> {
  const program = programOf(product);
  // A tile that is half empty loses to the next smaller one.
  const able = tiles.filter(
    ({ rows, columns }, i) => i === 0 || (rows < 2 * product.rows && columns < 2 * product.columns),
  );
  let best = { tile: able[0]!, ms: Number.POSITIVE_INFINITY };
  for (const tile of able) {
    const ms = await measure(program, tile);
    if (ms < best.ms) best = { tile, ms };
  }
  return best.tile;
}

/** What is measured in place of a product. */
function clip(product: ProductShape): ProductShape {
  const [rows, columns, terms] = [product.rows, product.columns, product.terms].map((n) =>
    Math.min(n, LONGEST),
  );
  const largest = Math.max(rows! * columns!, rows! * terms!, columns! * terms!);
  const batches = Math.min(product.batches, Math.max(1, Math.floor(MOST_ELEMENTS / largest)));
  return { ...product, batches, rows: rows!, columns: columns!, terms: terms! };
}

function keyOf({ batches, rows, columns, terms, aByColumns, bByColumns }: ProductShape): string {
  const order = (byColumns: boolean): string => (byColumns ? 'columns' : 'rows');
  return `${batches} × ${rows} × ${terms} by ${order(aByColumns)} × ${columns} by ${order(bByColumns)}`;
}

const nameOf = ({ rows, columns, threadRows }: Tile): string => `${rows} × ${columns} / ${threadRows}`;

/** What `tune` wrote; what cannot be read, or names tiles that there are no more, is left out. */
function parse(text: string | undefined): Map<string, Tile> {
  const chosen = new Map<string, Tile>();
  let pairs: unknown;
  try {
    pairs = JSON.parse(text ?? '[]');
  } catch {
    return chosen;
  }
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    const [key, name] = Array.isArray(pair) ? pair : [];
    const tile = tiles.find((candidate) => nameOf(candidate) === name);
    if (typeof key === 'string' && tile) chosen.set(key, tile);
  }
  return chosen;
}

/** The product of two temporaries, and nothing else. */
function programOf({ batches, rows, columns, terms, aByColumns, bByColumns }: ProductShape): PlacedProgram {
  const view = (buffer: number, down: number, across: number, byColumns: boolean): View => ({
    ...{ buffer, dtype: 'f32', offset: 0, shape: [batches, down, across] },
    strides: byColumns ? [down * across, 1, down] : [down * across, across, 1],
  });
  const [a, b] = [view(0, rows, terms, aByColumns), view(1, terms, columns, bByColumns)];
  const c = view(2, rows, columns, false);
  const sizes = [a, b, c].map(({ shape }) => BYTES_PER_ELEMENT * sizeOf(shape));
  const { offsets, bytes: arenaBytes } = planMemory(sizes.map((bytes) => ({ bytes, first: 0, last: 0 })));
  return {
    instructions: [{ op: matmulOperation.name, inputs: [a, b], outputs: [c], attributes: {}, flops: 0 }],
    buffers: sizes.map((bytes) => ({ kind: 'temporary', bytes })),
    ...{ variables: [], inputs: [], outputs: [], flops: 0 },
    arenaBytes,
    offsets: new Map(offsets.entries()),
  };
}
