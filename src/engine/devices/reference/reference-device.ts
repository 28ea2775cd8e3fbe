import { NanobardError } from '../../errors.ts';
import { referenceKernels } from '../../ops/kernels.reference.generated.ts';
import type { ReferenceArray, ReferenceKernel } from '../../ops/shared/reference.ts';
import { layOut } from '../../program/lay-out.ts';
import type { CompiledProgram, Instruction, PlacedProgram, View } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, type TypedArray, typedArray } from '../../tensor/dtype.ts';
import { isContiguous } from '../../tensor/layout.ts';
import type { Operation } from '../../tensor/operation.ts';
import { sizeOf, stridesOf } from '../../tensor/shape.ts';
import type { Variable } from '../../tensor/tensor.ts';
import { Device, type Executable } from '../device.ts';

const kernels: Readonly<Record<string, ReferenceKernel<Operation>>> = referenceKernels;

/**
 * Runs programs with the reference kernels, in float64 throughout: slow, simple, and the measure of
 * every other device.
 */
export class ReferenceDevice extends Device {
  readonly name = 'reference';
  readonly threads = 1;
  readonly notes = [];
  private readonly variables = new Map<Variable, Float64Array>();

  get bytes(): number {
    return [...this.variables.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  async load({ program, variables }: CompiledProgram): Promise<Executable> {
    const placed = layOut(program, () => ({ strided: 'all' })); // `array` reads every view
    return new ReferenceExecutable(
      placed,
      variables.map((variable) => this.values(variable)),
    );
  }

  async read(variable: Variable): Promise<TypedArray> {
    return typedArray(variable.dtype, variable.size, this.values(variable));
  }

  /** The variable's values in full precision. */
  async read64(variable: Variable): Promise<Float64Array> {
    return this.values(variable).slice();
  }

  async write(variable: Variable, values: ArrayLike<number>): Promise<void> {
    variable.requireSize(values);
    this.values(variable).set(values);
  }

  release(variables: Iterable<Variable>): void {
    for (const variable of variables) this.variables.delete(variable);
  }

  async dispose(): Promise<void> {
    this.variables.clear();
  }

  private values(variable: Variable): Float64Array {
    const { initial, size } = variable;
    const values = this.variables.get(variable) ?? Float64Array.from(initial ?? new Float64Array(size));
    this.variables.set(variable, values);
    return values;
  }
}

class ReferenceExecutable implements Executable {
  readonly program: PlacedProgram;
  private readonly memory: Float64Array[];

  constructor(program: PlacedProgram, variables: readonly Float64Array[]) {
    this.program = program;
    // Every temporary that is used gets memory of its own: sharing is a matter of the plan, not of meaning.
    this.memory = program.buffers.map((buffer, i) => {
      if (buffer.kind === 'variable') return variables[buffer.index]!;
      if (buffer.kind === 'input') return new Float64Array(sizeOf(program.inputs[buffer.index]!.shape));
      if (buffer.kind === 'constant') return Float64Array.from(buffer.data);
      return new Float64Array(program.offsets.has(i) ? buffer.bytes / BYTES_PER_ELEMENT : 0);
    });
  }

  input(name: string): Float64Array {
    const index = this.program.inputs.findIndex((slot) => slot.name === name);
    const buffer = this.program.buffers.findIndex((b) => b.kind === 'input' && b.index === index);
    if (index < 0) throw new NanobardError('argument', `the program has no input ${name}`);
    return this.memory[buffer]!;
  }

  run(): void {
    for (const instruction of this.program.instructions) this.execute(instruction);
  }

  async profile(): Promise<readonly number[]> {
    return this.program.instructions.map((instruction) => {
      const begin = performance.now();
      this.execute(instruction);
      return performance.now() - begin;
    });
  }

  private execute({ op, inputs, outputs, attributes }: Instruction): void {
    const kernel = kernels[op];
    if (!kernel) throw new NanobardError('internal', `reference device: no operation ${op}`);
    kernel(
      inputs.map((view) => this.array(view)),
      outputs.map((view) => this.array(view)),
      attributes,
    );
  }

  async read(name: string): Promise<Float64Array> {
    const output = this.program.outputs.find((candidate) => candidate.name === name);
    if (!output) throw new NanobardError('argument', `the program has no output ${name}`);
    return this.array(output.view).data.slice();
  }

  dispose(): void {
    this.memory.length = 0;
  }

  /** The view's elements in row-major order: the memory itself where they lie so, a copy elsewhere. */
  private array(view: View): ReferenceArray {
    const memory = this.memory[view.buffer]!;
    const size = sizeOf(view.shape);
    if (isContiguous(view))
      return { shape: view.shape, data: memory.subarray(view.offset, view.offset + size) };
    const data = new Float64Array(size);
    const dense = stridesOf(view.shape);
    for (let i = 0; i < size; i++) {
      let at = view.offset;
      for (let d = 0; d < dense.length; d++)
        at += (Math.floor(i / dense[d]!) % view.shape[d]!) * view.strides[d]!;
      data[i] = memory[at]!;
    }
    return { shape: view.shape, data };
  }
}
