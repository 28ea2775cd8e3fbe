import { contiguousOperation } from '../ops/views/views.ts';
import { BYTES_PER_ELEMENT, sizeOf, stridesOf, type TensorType } from '../tensor/index.ts';
import type { Instruction, ProgramBuffer, View } from './program.ts';

/** A program that is being written. */
export class ProgramWriter {
  readonly buffers: ProgramBuffer[];
  readonly instructions: Instruction[] = [];
  /** Row-major copies, by the view that they are of. */
  private readonly copies = new Map<string, View>();

  constructor(buffers: readonly ProgramBuffer[] = []) {
    this.buffers = [...buffers];
  }

  /** Floating-point operations of one run. */
  get flops(): number {
    return this.instructions.reduce((sum, { flops }) => sum + flops, 0);
  }

  /** All of a new buffer, row-major. */
  add(buffer: ProgramBuffer, { dtype, shape }: TensorType): View {
    const index = this.buffers.push(buffer) - 1;
    return { buffer: index, dtype, shape, strides: stridesOf(shape), offset: 0 };
  }

  temporary(type: TensorType): View {
    return this.add({ kind: 'temporary', bytes: BYTES_PER_ELEMENT * sizeOf(type.shape) }, type);
  }

  copy(from: View, to = this.temporary(from)): View {
    const { name: op } = contiguousOperation;
    this.instructions.push({ op, inputs: [from], outputs: [to], attributes: {}, flops: sizeOf(to.shape) });
    return to;
  }

  /** A row-major copy of the view, made once. */
  dense(view: View): View {
    const copy = this.copies.get(JSON.stringify(view)) ?? this.copy(view);
    this.remember(view, copy);
    return copy;
  }

  /** From here on `copy` serves as a row-major copy of the view. */
  remember(view: View, copy: View): void {
    this.copies.set(JSON.stringify(view), copy);
  }
}
