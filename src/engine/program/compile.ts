import { NanobardError } from '../errors.ts';
import { Constant } from '../tensor/constant.ts';
import { typedArray } from '../tensor/dtype.ts';
import { type Attributes, type Node, requireTensors } from '../tensor/operation.ts';
import { sameShape } from '../tensor/shape.ts';
import { Input, type Tensor, Variable } from '../tensor/tensor.ts';
import type { CompiledProgram, View } from './program.ts';
import { ProgramWriter } from './program-writer.ts';

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
  const assigned = new Set<Variable>();
  for (const [variable, value] of assign) {
    const { name, shape, dtype } = variable;
    if (!sameShape(shape, value.shape) || dtype !== value.dtype)
      throw new NanobardError('shape', `compile: variable ${name} is assigned a tensor of another type`);
    if (assigned.has(variable))
      throw new NanobardError('argument', `compile: variable ${name} is assigned twice`);
    assigned.add(variable);
  }
  return new Compiler().compile(outputs, assign);
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

class Compiler extends ProgramWriter {
  private readonly variables: Variable[] = [];
  private readonly inputs = new Map<string, View>();
  private readonly views = new Map<Tensor, View>();
  private readonly sites = new Map<unknown, number>();

  compile(outputs: Readonly<Record<string, Tensor>>, assign: readonly Assignment[]): CompiledProgram {
    const values = assign.map(([, value]) => value);
    for (const node of nodesOf([...Object.values(outputs), ...values])) this.emit(node);
    const results = Object.entries(outputs).map(([name, tensor]) => ({ name, view: this.view(tensor) }));
    const assignments = assign.map(([to, from]) => ({ to: this.view(to), from: this.view(from) }));
    const { variables, instructions, buffers, flops } = this;
    return {
      program: {
        instructions,
        buffers,
        variables: variables.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
        inputs: [...this.inputs].map(([name, { shape, dtype }]) => ({ name, shape, dtype })),
        outputs: results,
        assign: assignments,
        flops,
      },
      variables,
    };
  }

  private emit(node: Node): void {
    const { operation, inputs, outputs, attributes } = node;
    for (const output of outputs)
      this.views.set(output, operation.view ? this.look(node, output) : this.temporary(output));
    if (operation.view) return;
    this.instructions.push({
      op: operation.name,
      inputs: inputs.map((tensor) => this.view(tensor)),
      outputs: outputs.map((tensor) => this.view(tensor)),
      attributes: this.numbered(attributes, operation.site),
      flops: operation.flops?.(node) ?? outputs[0]?.size ?? 0,
    });
  }

  /** How the output of a view operation lies in its operand's memory, or in a row-major copy of it. */
  private look(node: Node, output: Tensor): View {
    const { operation } = node;
    const input = this.view(node.inputs[0]!);
    for (const view of [() => input, () => this.dense(input)]) {
      const base = view();
      const layout = operation.view?.(node, base, output);
      if (layout) return { buffer: base.buffer, dtype: output.dtype, shape: output.shape, ...layout };
    }
    // A row-major copy can be seen in every way that a view operation offers.
    throw new NanobardError('internal', `compile: ${operation.name} is no view of its operand`);
  }

  /** Sites are numbered in order of appearance: a gradient has its operation's. */
  private numbered(attributes: Attributes, name: string | undefined): Attributes {
    if (name === undefined) return attributes;
    const site = this.sites.get(attributes[name]) ?? this.sites.size;
    this.sites.set(attributes[name], site);
    return { ...attributes, [name]: site };
  }

  private view(tensor: Tensor): View {
    const view = this.views.get(tensor) ?? this.load(tensor);
    this.views.set(tensor, view);
    return view;
  }

  /** A tensor that no node computes. */
  private load(tensor: Tensor): View {
    if (tensor instanceof Constant) {
      const { data, dtype, size } = tensor;
      const exact = data instanceof Float64Array ? typedArray(dtype, size, data) : data;
      return this.add({ kind: 'constant', data: exact }, tensor);
    }
    if (tensor instanceof Variable)
      return this.add({ kind: 'variable', index: this.variables.push(tensor) - 1 }, tensor);
    if (tensor instanceof Input) return this.input(tensor);
    const operation = tensor.node?.operation.name;
    throw new NanobardError('internal', `compile: a tensor of ${operation} was not scheduled`);
  }

  /** Inputs of one name are one. */
  private input(input: Input): View {
    const { name, shape, dtype } = input;
    const view = this.inputs.get(name) ?? this.add({ kind: 'input', index: this.inputs.size }, input);
    if (!sameShape(view.shape, shape) || view.dtype !== dtype)
      throw new NanobardError('shape', `compile: two inputs of different type are named ${name}`);
    this.inputs.set(name, view);
    return view;
  }
}
