import { type CpuLowering, type CpuTape, type CpuView, floatBits } from '../shared/kernel.ts';
import { nests } from '../shared/strided.ts';

type Attributes = { readonly epsilon: number };

export const rmsNormCpu: CpuLowering<Attributes> = (tape, [x], [y], { epsilon }) => {
  emitRows(tape, 'rmsNorm', [x!, y!], epsilon);
};

export const rmsNormGradientCpu: CpuLowering<Attributes> = (tape, [x, dy], [dx], { epsilon }) => {
  emitRows(tape, 'rmsNormGradient', [x!, dy!, dx!], epsilon);
};

/** Emits a kernel for the rows of all views; those of the first may lie anywhere. */
function emitRows(
  tape: CpuTape,
  kernel: 'rmsNorm' | 'rmsNormGradient',
  views: readonly CpuView[],
  epsilon: number,
): void {
  const width = views[0]!.shape.at(-1)!;
  const rows = views.map((view) => ({
    ...view,
    shape: view.shape.slice(0, -1),
    strides: view.strides.slice(0, -1),
  }));
  for (const { addresses, extents, strides } of nests(rows, 3)) {
    tape.emit(kernel, ...extents, ...strides[0]!, width, floatBits(epsilon), ...addresses);
  }
}
