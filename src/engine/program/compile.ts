import { NanobardError } from '../errors.ts';
import { constantOperation } from '../ops/constant/constant.ts';
import { contiguousOperation } from '../ops/contiguous/contiguous.ts';
import { Constant } from '../tensor/constant.ts';
import { BYTES_PER_ELEMENT, type TypedArray } from '../tensor/dtype.ts';
import { isContiguous } from '../tensor/layout.ts';
import { sameShape, sizeOf, stridesOf } from '../tensor/shape.ts';
import {
  type Attributes,
  Input,
  type Layout,
  type Node,
  type Operation,
  type Tensor,
  Variable,
} from '../tensor/tensor.ts';
import { type Lifetime, planMemory } from './plan-memory.ts';
import type { Buffer, Instruction, Program, View } from './program.ts';
import { type Assignment, schedule } from './schedule.ts';

export interface CompileOptions {
  /** Values that can be read after each run. */
  readonly outputs?: Readonly<Record<string, Tensor>>;
  /** Variables that each run overwrites, with their new values. */
  readonly assign?: readonly Assignment[];
}

/**
 * Turns a graph into a Program: orders the nodes that the outputs and assignments need, resolves
 * views, and plans one arena by lifetime.
 */
export function compile(options: CompileOptions): Program {
  return new Compiler().compile(options.outputs ?? {}, options.assign ?? []);
}

/** Whether the operation's kernels read input `i` as it lies. */
function takes({ strided = [], stridedRows = [] }: Operation, i: number, view: View): boolean {
  return strided === 'all' || strided.includes(i) || (stridedRows.includes(i) && view.strides.at(-1) === 1);
}

/** The values as a device holds them. */
function valuesOf({ data, dtype }: Constant): TypedArray {
  if (!(data instanceof Float64Array)) return data;
  return dtype === 'i32' ? Int32Array.from(data) : Float32Array.from(data);
}

function checkAssignments(assign: readonly Assignment[]): void {
  const seen = new Set<Variable>();
  for (const [variable, value] of assign) {
    if (!sameShape(variable.shape, value.shape) || variable.dtype !== value.dtype) {
      throw new NanobardError(
        'shape',
        `compile: variable ${variable.name} is assigned a tensor of another type`,
      );
    }
    if (seen.has(variable))
      throw new NanobardError('argument', `compile: variable ${variable.name} is assigned twice`);
    seen.add(variable);
  }
}

class Compiler {
  private readonly buffers: (Buffer | { kind: 'planned'; bytes: number })[] = [];
  private readonly variables = new Map<Variable, number>();
  private readonly inputs = new Map<string, { input: Input; buffer: number }>();
  private readonly views = new Map<Tensor, View>();
  private readonly dense = new Map<Tensor, View>();
  private readonly instructions: Instruction[] = [];
  private readonly dropoutSites = new Map<unknown, number>();

  compile(outputs: Readonly<Record<string, Tensor>>, assign: readonly Assignment[]): Program {
    checkAssignments(assign);
    const { order, inPlace } = schedule(Object.values(outputs), assign);
    // A value that is assigned in place lives in the variable's own memory.
    for (const [tensor, variable] of inPlace)
      this.views.set(tensor, this.denseView(variable, this.variable(variable)));
    for (const node of order) this.emit(node);
    // All others are copied there at the end; before that, whatever shows the old contents is copied out.
    const copied = assign.filter(([variable, value]) => inPlace.get(value) !== variable);
    const overwritten = new Set(copied.map(([variable]) => this.variable(variable)));
    const results = Object.entries(outputs).map(([name, tensor]) => ({
      name,
      view: this.result(tensor, overwritten),
    }));
    const values = copied.map(([, value]) => this.apart(value, overwritten));
    copied.forEach(([variable, value], i) => {
      this.copy(values[i]!, this.denseView(value, this.variable(variable)));
    });
    return this.program(results);
  }

  private emit(node: Node): void {
    const { operation, attributes, outputs } = node;
    if (operation.name === constantOperation.name) {
      const data = attributes.data as TypedArray;
      this.views.set(
        outputs[0]!,
        this.denseView(outputs[0]!, this.buffers.push({ kind: 'constant', data }) - 1),
      );
      return;
    }
    if (operation.view) {
      for (const output of outputs) {
        const input = this.view(node.inputs[0]!);
        const layout = operation.view(node, input, output.index);
        // A row-major copy can be seen in every way that a view operation offers.
        const base = layout ? input : this.contiguousView(node.inputs[0]!);
        const seen = layout ?? (operation.view(node, base, output.index) as Layout);
        this.views.set(output, { buffer: base.buffer, dtype: output.dtype, ...seen });
      }
      return;
    }
    const inputs = node.inputs.map((tensor, i) => {
      const view = this.view(tensor);
      return takes(operation, i, view) ? view : this.contiguousView(tensor);
    });
    for (const output of outputs) {
      if (!this.views.has(output)) this.views.set(output, this.denseView(output, this.allocate(output)));
    }
    const views = outputs.map((output) => this.view(output));
    const flops = operation.flops?.(node) ?? outputs[0]!.size;
    this.instruction(operation.name, inputs, views, this.numberSites(attributes), flops);
  }

  /** Dropout sites are numbered in order of appearance, so that the same model draws the same masks. */
  private numberSites(attributes: Attributes): Attributes {
    if (attributes.site === undefined) return attributes;
    const site = this.dropoutSites.get(attributes.site) ?? this.dropoutSites.size;
    this.dropoutSites.set(attributes.site, site);
    return { ...attributes, site };
  }

  private view(tensor: Tensor): View {
    const known = this.views.get(tensor);
    if (known) return known;
    let view: View;
    if (tensor instanceof Variable) view = this.denseView(tensor, this.variable(tensor));
    else if (tensor instanceof Input) view = this.denseView(tensor, this.input(tensor));
    else if (tensor instanceof Constant)
      view = this.denseView(tensor, this.buffers.push({ kind: 'constant', data: valuesOf(tensor) }) - 1);
    else
      throw new NanobardError(
        'internal',
        `compile: a tensor of ${tensor.node?.operation.name} was not scheduled`,
      );
    this.views.set(tensor, view);
    return view;
  }

  /** A row-major view of the tensor, through a copy if its own is not. */
  private contiguousView(tensor: Tensor): View {
    const view = this.view(tensor);
    if (isContiguous(view)) return view;
    const known = this.dense.get(tensor);
    if (known) return known;
    const copy = this.denseView(tensor, this.allocate(tensor));
    this.dense.set(tensor, copy);
    this.copy(view, copy);
    return copy;
  }

  /** A row-major view that still shows the tensor when the `overwritten` buffers have got new values. */
  private result(tensor: Tensor, overwritten: ReadonlySet<number>): View {
    const view = this.apart(tensor, overwritten);
    return isContiguous(view) ? view : this.contiguousView(tensor);
  }

  /** A view of the tensor that lies in none of the `overwritten` buffers. */
  private apart(tensor: Tensor, overwritten: ReadonlySet<number>): View {
    const view = this.view(tensor);
    if (!overwritten.has(view.buffer)) return view;
    const copy = this.denseView(tensor, this.allocate(tensor));
    this.copy(view, copy);
    return copy;
  }

  private copy(from: View, to: View): void {
    this.instruction(contiguousOperation.name, [from], [to], {}, sizeOf(to.shape));
  }

  private denseView(tensor: Tensor, buffer: number): View {
    return { buffer, dtype: tensor.dtype, shape: tensor.shape, strides: stridesOf(tensor.shape), offset: 0 };
  }

  private allocate(tensor: Tensor): number {
    return this.buffers.push({ kind: 'planned', bytes: tensor.size * BYTES_PER_ELEMENT }) - 1;
  }

  private variable(variable: Variable): number {
    const known = this.variables.get(variable);
    if (known !== undefined) return known;
    const buffer = this.buffers.push({ kind: 'variable', index: this.variables.size }) - 1;
    this.variables.set(variable, buffer);
    return buffer;
  }

  private input(input: Input): number {
    const known = this.inputs.get(input.name);
    if (known) {
      if (!sameShape(known.input.shape, input.shape) || known.input.dtype !== input.dtype) {
        throw new NanobardError('shape', `compile: two inputs of different type are named ${input.name}`);
      }
      return known.buffer;
    }
    const buffer = this.buffers.push({ kind: 'input', index: this.inputs.size }) - 1;
    this.inputs.set(input.name, { input, buffer });
    return buffer;
  }

  private instruction(
    op: string,
    inputs: View[],
    outputs: View[],
    attributes: Attributes,
    flops: number,
  ): void {
    this.instructions.push({ op, inputs, outputs, attributes, flops });
  }

  private program(outputs: { name: string; view: View }[]): Program {
    const spans = new Map<number, { first: number; last: number }>();
    const use = (view: View, at: number): void => {
      const span = spans.get(view.buffer);
      if (span) span.last = Math.max(span.last, at);
      else spans.set(view.buffer, { first: at, last: at });
    };
    this.instructions.forEach(({ inputs, outputs: results }, at) => {
      for (const view of [...inputs, ...results]) use(view, at);
    });
    for (const { view } of outputs) use(view, this.instructions.length);

    const planned: number[] = [];
    const lifetimes: Lifetime[] = [];
    this.buffers.forEach((buffer, index) => {
      if (buffer.kind !== 'planned') return;
      planned.push(index);
      lifetimes.push({ bytes: buffer.bytes, ...(spans.get(index) ?? { first: 0, last: 0 }) });
    });
    const plan = planMemory(lifetimes);
    const buffers = this.buffers.slice() as Buffer[];
    planned.forEach((index, i) => {
      buffers[index] = { kind: 'arena', offset: plan.offsets[i]!, bytes: lifetimes[i]!.bytes };
    });
    return {
      instructions: this.instructions,
      buffers,
      variables: [...this.variables.keys()],
      inputs: [...this.inputs.values()].map(({ input: { name, shape, dtype } }) => ({ name, shape, dtype })),
      outputs,
      arenaBytes: plan.bytes,
      flops: this.instructions.reduce((sum, instruction) => sum + instruction.flops, 0),
    };
  }
}
