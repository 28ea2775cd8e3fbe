import { NanobardError } from '../../errors.ts';
import type { CpuView } from '../../ops/shared/kernel.ts';
import type { PlacedProgram, View } from '../../program/program.ts';
import type { DType, TypedArray } from '../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Executable } from '../device.ts';
import type { Heap } from './heap.ts';
import { lower } from './lower.ts';
import type { Threads } from './threads.ts';

/** A program lowered to a tape in WebAssembly memory. */
export class CpuExecutable implements Executable {
  readonly program: PlacedProgram;
  private readonly heap: Heap;
  private readonly team: Threads;
  private readonly threads: number;
  /** Everything allocated for this program alone. */
  private readonly owned: number[] = [];
  private readonly inputs = new Map<string, TypedArray>();
  private readonly outputs = new Map<string, TypedArray>();
  private readonly tape: number;
  private readonly tapeEnd: number;
  /** Where on the tape each instruction of the program begins. */
  private readonly marks: readonly number[];

  /** `threads` of the team's threads will share the work. */
  constructor(
    program: PlacedProgram,
    machine: {
      readonly heap: Heap;
      readonly team: Threads;
      readonly threads: number;
      readonly panelColumns: number;
      readonly blas: boolean;
    },
    variables: readonly number[],
    purpose: string,
  ) {
    this.program = program;
    this.heap = machine.heap;
    this.team = machine.team;
    this.threads = machine.threads;
    const arena = this.allocate(program.arenaBytes, purpose);
    const inputs = program.inputs.map((slot) => this.allocate(4 * sizeOf(slot.shape), purpose));
    const buffers = program.buffers.map((buffer) => {
      if (buffer.kind === 'variable') return variables[buffer.index]!;
      if (buffer.kind === 'input') return inputs[buffer.index]!;
      if (buffer.kind === 'arena') return arena + buffer.offset;
      const address = this.allocate(4 * buffer.data.length, purpose);
      this.memory('i32', address, buffer.data.length).set(
        new Int32Array(buffer.data.buffer, buffer.data.byteOffset, buffer.data.length),
      );
      return address;
    });
    const locate = (view: View): CpuView => ({ ...view, address: buffers[view.buffer]! + 4 * view.offset });
    // Lowered twice: the first pass only finds out how much scratch memory the kernels want.
    const { scratchBytes } = lower(program, locate, 0, machine);
    const scratch = scratchBytes > 0 ? this.allocate(scratchBytes, purpose) : 0;
    const { words, marks } = lower(program, locate, scratch, machine);
    this.tape = this.allocate(4 * words.length, purpose);
    this.tapeEnd = this.tape + 4 * words.length;
    this.marks = marks.map((mark) => this.tape + 4 * mark);
    this.memory('i32', this.tape, words.length).set(words);
    program.inputs.forEach(({ name, dtype, shape }, i) => {
      this.inputs.set(name, this.memory(dtype, inputs[i]!, shape));
    });
    for (const { name, view } of program.outputs) {
      this.outputs.set(name, this.memory(view.dtype, locate(view).address, view.shape));
    }
  }

  input(name: string): TypedArray {
    const memory = this.inputs.get(name);
    if (!memory) throw new NanobardError('argument', `the program has no input ${name}`);
    return memory;
  }

  run(): void {
    this.checkLoaded();
    this.team.run(this.tape, this.tapeEnd, this.threads);
  }

  async profile(): Promise<readonly number[]> {
    this.checkLoaded();
    return this.marks.map((mark, i) => {
      const begin = performance.now();
      this.team.run(mark, this.marks[i + 1] ?? this.tapeEnd, this.threads);
      return performance.now() - begin;
    });
  }

  async read(name: string): Promise<TypedArray> {
    const memory = this.outputs.get(name);
    if (!memory) throw new NanobardError('argument', `the program has no output ${name}`);
    return memory;
  }

  dispose(): void {
    for (const address of this.owned) this.heap.release(address);
    this.owned.length = 0;
  }

  /** What a disposed program's tape held may be anything by now. */
  private checkLoaded(): void {
    if (this.owned.length === 0)
      throw new NanobardError('device', 'the program was disposed of and cannot run');
  }

  private allocate(bytes: number, purpose: string): number {
    try {
      const address = this.heap.allocate(bytes, purpose);
      this.owned.push(address);
      return address;
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  private memory(dtype: DType, address: number, shape: Shape | number): TypedArray {
    const length = typeof shape === 'number' ? shape : sizeOf(shape);
    const { buffer } = this.heap.memory;
    return dtype === 'f32'
      ? new Float32Array(buffer, address, length)
      : new Int32Array(buffer, address, length);
  }
}
