import { MR, ROWS } from '../matmul/constants.ts';
import { edgeOf } from '../matmul/matmul.cpu.ts';
import type { CpuKernel, CpuTape, CpuView } from '../shared/kernel.ts';
import type { attentionGradientOperation, attentionOperation } from './attention.ts';

/** With fewer queries than this, packing keys and values costs more than it saves. */
const FEW_QUERIES = 4;

/** What all kernels are told about the operands. */
function describe(q: CpuView, k: CpuView, v: CpuView) {
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const [stridesQ, stridesK, stridesV] = [q.strides, k.strides, v.strides];
  return { B, T, S: k.shape[1]!, H, D, stridesQ, stridesK, stridesV };
}

/** Keys and columns of D, rounded up to whole panels, and how far apart rows of scores are. */
function extents({ panelColumns }: CpuTape, S: number, D: number) {
  const roundUp = (n: number): number => Math.ceil(n / panelColumns) * panelColumns;
  return { panelled: roundUp(S), width: roundUp(D), ld: roundUp(S) + 8 };
}

export const attentionCpu: CpuKernel<typeof attentionOperation> = {
  stridedRows: [0, 1, 2],
  lower(tape, [q, k, v, position, key], [y, lse], attributes) {
    const shapes = describe(q, k, v);
    const { T, S, D } = shapes;
    const { panelled, width, ld } = extents(tape, S, D);
    const args = { q, k, v, position, each: position.shape.length, key, y, lse, ...shapes, ...attributes };
    if (T < FEW_QUERIES) {
      tape.emit('attentionRows', { ...args, ld, scores: tape.perThread(ld * shapes.H) });
      return;
    }
    const call = {
      ...args,
      ld,
      strip: tape.perThread(MR * Math.max(D, ld)),
      scores: tape.perThread(MR * ld),
      keys: tape.perThread(panelled * D),
      values: tape.perThread(S * width),
      shifts: tape.perThread(8), // of a strip's rows, in whole vectors
      sums: tape.perThread(8),
      edge: edgeOf(tape),
    };
    tape.emit('attention', call, shapes.B * shapes.H);
  },
};

export const attentionGradientCpu: CpuKernel<typeof attentionGradientOperation> = {
  stridedRows: [0, 1, 2],
  stridedResults: true,
  lower(tape, [q, k, v, position, key, y, lse, dy], [dq, dk, dv], attributes) {
    const shapes = describe(q, k, v);
    const { S, D } = shapes;
    const { panelled, width, ld } = extents(tape, S, D);
    const operands = { q, k, v, position, each: position.shape.length, key, y, lse, dy, dq, dk, dv };
    const call = {
      ...operands,
      ...shapes,
      ...attributes,
      ...{ stridesDq: dq.strides, stridesDk: dk.strides, stridesDv: dv.strides },
      ld,
      strip: tape.perThread(MR * Math.max(D, ROWS, ld)),
      weights: tape.perThread(ROWS * ld),
      slopes: tape.perThread(ROWS * ld),
      keys: tape.perThread(panelled * D),
      values: tape.perThread(panelled * D),
      keyRows: tape.perThread(S * width),
      queries: tape.perThread(ROWS * width),
      slopesY: tape.perThread(ROWS * width),
      edge: edgeOf(tape),
    };
    tape.emit('attentionGradient', call, shapes.B * shapes.H);
  },
};
