import type { KernelName } from '../opcodes.generated.ts';
import type { CpuTape, CpuView } from './kernel.ts';
import { nests } from './strided.ts';

/** Emits a kernel of `elementwise.wasm.ts` for a and b of any strides, both of y's shape. */
export function emitElementwise(
  tape: CpuTape,
  kernel: KernelName,
  a: CpuView,
  b: CpuView,
  y: CpuView,
  value = 0,
): void {
  for (const { addresses, extents, strides } of nests([a, b, y], 4)) {
    tape.emit(kernel, ...addresses, ...extents, ...strides[0]!, ...strides[1]!, value);
  }
}
