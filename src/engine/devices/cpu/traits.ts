import type { KernelTraits } from '../../ops/shared/kernel.ts';

const all: KernelTraits = { strided: 'all' };
const rows: KernelTraits = { stridedRows: [0] };
const heads: KernelTraits = { stridedRows: [0, 1, 2] };

/** What the CPU's kernels can read and overwrite. */
export const cpuTraits: Readonly<Record<string, KernelTraits>> = {
  contiguous: all,
  add: all,
  sub: all,
  mul: all,
  div: all,
  matmul: all,
  'symmetric-matmul': all,
  'masked-fill': all,
  attention: heads,
  'attention-gradient': heads,
  'rms-norm': rows,
  'rms-norm-gradient': rows,
  rotary: rows,
  adamw: { inPlace: [0, 2, 3] },
  'cache-write': { inPlace: [0] },
  'row-adagrad': { inPlace: [0, 1] },
  'muon-momentum': { inPlace: (result) => (result > 0 ? result + 1 : undefined) },
  'muon-update': { inPlace: (result) => result + 3 },
};
