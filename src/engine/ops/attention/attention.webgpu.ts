import { extents } from '../../tensor/index.ts';
import { dropConstants } from '../shared/philox.ts';
import { each, type GpuView, type WebGpuKernel, type WebGpuTape } from '../shared/webgpu.ts';
import type { AttentionAttributes, attentionGradientOperation, attentionOperation } from './attention.ts';

/** What all kernels are told about the operands. */
function describe(
  q: GpuView,
  k: GpuView,
  v: GpuView,
  position: GpuView,
  { scale, p, site }: AttentionAttributes,
) {
  const [B, QUERIES, HEADS, WIDTH] = extents(q.shape, 4);
  const KEYS = k.shape[1]!;
  const [Q_BATCH, Q_ROW, Q_HEAD] = extents(q.strides, 4);
  const [K_BATCH, K_ROW, K_HEAD] = extents(k.strides, 4);
  const [V_BATCH, V_ROW, V_HEAD] = extents(v.strides, 4);
  return {
    pairs: B * HEADS,
    constants: {
      ...{
        QUERIES,
        HEADS,
        WIDTH,
        KEYS,
        Q_BATCH,
        Q_ROW,
        Q_HEAD,
        K_BATCH,
        K_ROW,
        K_HEAD,
        V_BATCH,
        V_ROW,
        V_HEAD,
      },
      ...{ EACH: position.shape.length, SCALE: scale, DROPPING: p > 0 ? 1 : 0, ...dropConstants(p, site) },
    },
  };
}

/** Queries from which on tiles of them are worth it: at one, as in generation, a group would have one row of many. */
const FEW_QUERIES = 8;
/** Own rows of a group, and rows that these meet at a time, at most; and elements of the latter. */
const MOST_OWN = 64;
const MOST_MET = 16;
const MET_ELEMENTS = 1024;
/** So wide are rows that take as many threads as there may be. */
const MOST_WIDE = 512;

/**
 * How tiles cut `rows` of one head that is `WIDTH` wide: a thread for each four columns of an own row. Memory of a group
 * stays below the 16 KiB that every adapter has. Undefined where tiles do not serve.
 */
function tilesOf(tape: WebGpuTape, WIDTH: number, QUERIES: number, rows: number) {
  const threads = tape.rowThreads(MOST_WIDE);
  if (WIDTH % 4 !== 0 || WIDTH > 4 * threads || QUERIES < FEW_QUERIES) return undefined;
  const OWN = Math.min(MOST_OWN, rows, Math.floor((4 * threads) / WIDTH));
  const MET = Math.min(MOST_MET, 2 ** Math.floor(Math.log2(MET_ELEMENTS / WIDTH)));
  return { cut: { OWN, MET, TILES: Math.ceil(rows / OWN) }, threads };
}

export const attentionWebGpu: WebGpuKernel<typeof attentionOperation> = {
  stridedRows: [0, 1, 2],
  lower(tape, [q, k, v, position, key], [y, lse], attributes) {
    const { constants, pairs } = describe(q, k, v, position, attributes);
    const { WIDTH, QUERIES, KEYS } = constants;
    const operands = { q, k, v, position, key, y, lse };
    const tiles = tilesOf(tape, WIDTH, QUERIES, QUERIES);
    if (tiles) {
      const { cut, threads } = tiles;
      const groups = pairs * cut.TILES;
      tape.emit('attentionTiles', { operands, constants: { ...constants, ...cut }, groups, threads });
    } else {
      const threads = tape.rowThreads(Math.max(WIDTH, KEYS));
      tape.emit('attention', { operands, constants, groups: pairs * QUERIES, threads });
    }
  },
};

export const attentionGradientWebGpu: WebGpuKernel<typeof attentionGradientOperation> = {
  stridedRows: [0, 1, 2],
  lower(tape, [q, k, v, position, key, y, lse, dy], [dq, dk, dv], attributes) {
    const { constants, pairs } = describe(q, k, v, position, attributes);
    const { WIDTH, QUERIES, KEYS } = constants;
    const ROWS = pairs * QUERIES;
    const delta = tape.scratch(ROWS);
    tape.emit('attentionDelta', {
      operands: { y, dy, delta },
      constants: { ...constants, ROWS },
      ...each(ROWS),
    });
    const operands = { q, k, v, position, key, lse, dy, delta };
    const [ofQueries, ofKeys] = [QUERIES, KEYS].map((rows) => tilesOf(tape, WIDTH, QUERIES, rows));
    if (ofQueries && ofKeys) {
      const { threads } = ofQueries;
      tape.emit('attentionGradientQueryTiles', {
        operands: { ...operands, dq },
        constants: { ...constants, ...ofQueries.cut },
        ...{ groups: pairs * ofQueries.cut.TILES, threads },
      });
      tape.emit('attentionGradientKeyTiles', {
        operands: { ...operands, dk, dv },
        constants: { ...constants, ...ofKeys.cut },
        ...{ groups: pairs * ofKeys.cut.TILES, threads },
      });
    } else {
      const threads = tape.rowThreads(Math.max(WIDTH, KEYS));
      tape.emit('attentionGradientQueries', {
        operands: { ...operands, dq },
        constants,
        groups: ROWS,
        threads,
      });
      tape.emit('attentionGradientKeys', {
        operands: { ...operands, dk, dv },
        constants,
        groups: pairs * KEYS,
        threads,
      });
    }
  },
};
