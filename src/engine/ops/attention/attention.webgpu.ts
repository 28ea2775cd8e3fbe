import { extents } from '../../tensor/index.ts';
import { dropConstants } from '../shared/philox.ts';
import { each, type GpuView, type WebGpuKernel } from '../shared/webgpu.ts';
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
    rows: B * HEADS * QUERIES,
    keys: B * HEADS * KEYS,
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

export const attentionWebGpu: WebGpuKernel<typeof attentionOperation> = {
  stridedRows: [0, 1, 2],
  lower(tape, [q, k, v, position, key], [y, lse], attributes) {
    const { constants, rows } = describe(q, k, v, position, attributes);
    const threads = tape.rowThreads(Math.max(constants.WIDTH, constants.KEYS));
    tape.emit('attention', {
      operands: { q, k, v, position, key, y, lse },
      constants,
      groups: rows,
      threads,
    });
  },
};

export const attentionGradientWebGpu: WebGpuKernel<typeof attentionGradientOperation> = {
  stridedRows: [0, 1, 2],
  lower(tape, [q, k, v, position, key, y, lse, dy], [dq, dk, dv], attributes) {
    const { constants, rows, keys } = describe(q, k, v, position, attributes);
    const delta = tape.scratch(rows);
    tape.emit('attentionDelta', {
      operands: { y, dy, delta },
      constants: { ...constants, ROWS: rows },
      ...each(rows),
    });
    const threads = tape.rowThreads(Math.max(constants.WIDTH, constants.KEYS));
    const operands = { q, k, v, position, key, lse, dy, delta };
    tape.emit('attentionGradientQueries', {
      operands: { ...operands, dq },
      constants,
      groups: rows,
      threads,
    });
    tape.emit('attentionGradientKeys', {
      operands: { ...operands, dk, dv },
      constants,
      groups: keys,
      threads,
    });
  },
};
