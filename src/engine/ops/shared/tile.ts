/** How a matrix product is cut: a group of threads computes `rows` × `columns` of it, a thread `threadRows` × 4. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly threadRows: 4 | 8;
}

/** What of a matrix product decides which tile is the fastest for it. */
export interface ProductShape {
  readonly batches: number;
  readonly rows: number;
  readonly columns: number;
  readonly terms: number;
  /** Whether the factor's columns lie one after another in memory, instead of its rows. */
  readonly aByColumns: boolean;
  readonly bByColumns: boolean;
}

/**
 * From the smallest to the largest. Each keeps to 256 threads and, with 16 terms at a time of both factors, to 16 KiB of
 * memory that they share: what every adapter has.
 */
export const tiles: readonly Tile[] = [
  { rows: 16, columns: 16, threadRows: 4 },
  { rows: 32, columns: 32, threadRows: 4 },
  { rows: 32, columns: 64, threadRows: 4 },
  { rows: 64, columns: 64, threadRows: 4 },
  { rows: 64, columns: 64, threadRows: 8 },
  { rows: 128, columns: 64, threadRows: 8 },
];

/** Tiles that a GPU wants at least, to have work for all its cores. */
export const MANY_TILES = 64;

/** How many tiles cover the product. */
export function tilesOf(
  tile: Tile,
  { batches, rows, columns }: Pick<ProductShape, 'batches' | 'rows' | 'columns'>,
): number {
  return batches * Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
}

/** A tile that serves everywhere, where nothing has been measured: the largest with enough of them, to 64 × 64. */
export function usualTile(product: ProductShape, { software }: { readonly software: boolean }): Tile {
  // Adapters in software take seconds to compile the large ones.
  const usual = tiles.filter(
    ({ rows, columns, threadRows }) => rows === columns && threadRows === 4 && rows <= (software ? 32 : 64),
  );
  return usual.findLast((tile) => tilesOf(tile, product) >= MANY_TILES) ?? usual[0]!;
}
