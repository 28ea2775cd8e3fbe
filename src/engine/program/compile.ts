import { NanobardError } from '../errors.ts';
import { contiguousOperation } from '../ops/views/views.ts';
import { Constant } from '../tensor/constant.ts';
import { BYTES_PER_ELEMENT, type TypedArray } from '../tensor/dtype.ts';
import { type Attributes, type Node, requireTensors } from '../tensor/operation.ts';
import { sameShape, stridesOf } from '../tensor/shape.ts';
import { Input, type Tensor, Variable } from '../tensor/tensor.ts';
import type { CompiledProgram, Instruction, ProgramBuffer, Slot, View } from './program.ts';

/** A variable and the value that it takes at the end of a run. */
export type Assignment = readonly [variable: Variable, value: Tensor];

export interface CompileOptions {
  /** Values that can be read after each run. */
  readonly outputs?: Readonly<Record<string, Tensor>>;
  /** Variables that each run overwrites, with their new values. */
  readonly assign?: readonly Assignment[];
}

/**
 * Turns a graph into a program for any device: the nodes that the outputs and assignments need, in the order of
 * writing, and where in which buffer each operand lies.
 *
 * @throws {NanobardError} code `shape` if an assigned value is of another type than its variable, or two inputs of
 *   different type have one name; `argument` if a variable is assigned twice.
 */
export function compile({ outputs = {}, assign = [] }: CompileOptions): CompiledProgram {
  requireTensors('compile', [...Object.values(outputs), ...assign.flat()]);
  checkAssignments(assign);
  return new Compiler().compile(outputs, assign);
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

/** Every node that the tensors need, in the order of writing. */
function nodesOf(tensors: readonly Tensor[]): Node[] {
  const seen = new Set<Node>();
  const stack = [...tensors];
  for (let tensor = stack.pop(); tensor; tensor = stack.pop()) {
    if (!tensor.node || seen.has(tensor.node)) continue;
    seen.add(tensor.node);
    stack.push(...tensor.node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** The values as a device holds them. */
function valuesOf({ data, dtype }: Constant): TypedArray {
  if (!(data instanceof Float64Array)) return data;
  return dtype === 'i32' ? Int32Array.from(data) : Float32Array.from(data);
}

class Compiler {
  private readonly buffers: ProgramBuffer[] = [];
  private readonly variables = new Map<Variable, number>();
  private readonly inputs = new Map<string, { readonly input: Input; readonly buffer: number }>();
  private readonly views = new Map<Tensor, View>();
  private readonly instructions: Instruction[] = [];
  /** Row-major copies of tensors that are views. */
  private readonly copies = new Map<Tensor, View>();
  private readonly sites = new Map<unknown, number>();

  compile(outputs: Readonly<Record<string, Tensor>>, assign: readonly Assignment[]): CompiledProgram {
    const values = assign.map(([, value]) => value);
    for (const node of nodesOf([...Object.values(outputs), ...values])) this.emit(node);
    const results = Object.entries(outputs).map(([name, tensor]) => ({ name, view: this.view(tensor) }));
    const assignments = assign.map(([variable, value]) => {
      this.view(variable);
      return { variable: [...this.variables.keys()].indexOf(variable), view: this.view(value) };
    });
    const variables = [...this.variables.keys()];
    return {
      program: {
        instructions: this.instructions,
        buffers: this.buffers,
        variables: variables.map(slot),
        inputs: [...this.inputs.values()].map(({ input }) => slot(input)),
        outputs: results,
        assign: assignments,
        flops: this.instructions.reduce((sum, { flops }) => sum + flops, 0),
      },
      variables,
    };
  }

  private emit(node: Node): void {
    const { operation, inputs, outputs, attributes } = node;
    if (operation.view) {
      for (const output of outputs) this.views.set(output, this.look(node, output));
      return;
    }
    const results = outputs.map((output) => this.temporary(output));
    for (const [i, output] of outputs.entries()) this.views.set(output, results[i]!);
    this.instructions.push({
      op: operation.name,
      inputs: inputs.map((tensor) => this.view(tensor)),
      outputs: results,
      attributes: this.numbered(attributes, operation.site),
      flops: operation.flops?.(node) ?? outputs[0]?.size ?? 0,
    });
  }

  /** How the output of a view operation lies in its operand's memory, or in a row-major copy of it. */
  private look(node: Node, output: Tensor): View {
    const { operation } = node;
    const input = node.inputs[0]!;
    for (const view of [() => this.view(input), () => this.rowMajor(input)]) {
      const base = view();
      const layout = operation.view?.(node, base, output);
      if (layout) return { buffer: base.buffer, dtype: output.dtype, shape: output.shape, ...layout };
    }
    // A row-major copy can be seen in every way that a view operation offers.
    throw new NanobardError('internal', `compile: ${operation.name} is no view of its operand`);
  }

  private rowMajor(tensor: Tensor): View {
    const known = this.copies.get(tensor);
    if (known) return known;
    const copy = this.temporary(tensor);
    const { name: op } = contiguousOperation;
    const instruction = {
      op,
      inputs: [this.view(tensor)],
      outputs: [copy],
      attributes: {},
      flops: tensor.size,
    };
    this.instructions.push(instruction);
    this.copies.set(tensor, copy);
    return copy;
  }

  /** Sites are numbered in order of appearance: a gradient has its operation's. */
  private numbered(attributes: Attributes, name: string | undefined): Attributes {
    if (name === undefined) return attributes;
    const site = this.sites.get(attributes[name]) ?? this.sites.size;
    this.sites.set(attributes[name], site);
    return { ...attributes, [name]: site };
  }

  private view(tensor: Tensor): View {
    const known = this.views.get(tensor);
    if (known) return known;
    const view = denseView(tensor, this.buffer(tensor));
    this.views.set(tensor, view);
    return view;
  }

  /** The tensor's elements in memory of their own. */
  private temporary(tensor: Tensor): View {
    const bytes = tensor.size * BYTES_PER_ELEMENT;
    return denseView(tensor, this.buffers.push({ kind: 'temporary', bytes }) - 1);
  }

  /** The buffer of a tensor that no node computes. */
  private buffer(tensor: Tensor): number {
    if (tensor instanceof Constant)
      return this.buffers.push({ kind: 'constant', data: valuesOf(tensor) }) - 1;
    if (tensor instanceof Input) return this.input(tensor);
    if (!(tensor instanceof Variable))
      throw new NanobardError(
        'internal',
        `compile: a tensor of ${tensor.node?.operation.name} was not scheduled`,
      );
    const index = this.variables.size;
    this.variables.set(tensor, index);
    return this.buffers.push({ kind: 'variable', index }) - 1;
  }

  /** Inputs of one name are one. */
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
}

function slot({ name, shape, dtype }: Variable | Input): Slot {
  return { name, shape, dtype };
}

function denseView({ dtype, shape }: Tensor, buffer: number): View {
  return { buffer, dtype, shape, strides: stridesOf(shape), offset: 0 };
}
