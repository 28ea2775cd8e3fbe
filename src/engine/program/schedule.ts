import { NanobardError } from '../errors.ts';
import { type Node, type Tensor, Variable } from '../tensor/tensor.ts';

/** A variable and the value that it takes at the end of a run. */
export type Assignment = readonly [variable: Variable, value: Tensor];

export interface Schedule {
  /** Every node that is needed, each after what it depends on. */
  readonly order: readonly Node[];
  /** Assigned values that are computed directly in their variable's memory. */
  readonly inPlace: ReadonlyMap<Tensor, Variable>;
}

/**
 * Orders the nodes that `outputs` and `assign` need: as written, except that a node which overwrites
 * a variable in place waits for everything that reads the variable's old value.
 */
export function schedule(outputs: readonly Tensor[], assign: readonly Assignment[]): Schedule {
  const nodes = reachable([...outputs, ...assign.map(([, value]) => value)]);
  const readers = readersOfVariables(nodes);
  // Variables whose old values are still asked for when the run is over.
  const kept = new Set([...outputs, ...assign.map(([, value]) => value)].map(variableBehind));
  const inPlace = new Map<Tensor, Variable>();
  const after = new Map<Node, Set<Node>>(); // node → further nodes that it must wait for
  for (const [variable, value] of assign) {
    const { node } = value;
    const source = node?.operation.inPlace?.[value.index];
    if (!node || source === undefined || node.inputs[source] !== variable) continue;
    if (inPlace.has(value) || kept.has(variable)) continue;
    // Its other operands must not lie in the memory that it overwrites.
    if (node.inputs.some((input, i) => i !== source && variableBehind(input) === variable)) continue;
    const others = readers.get(variable)!.filter((reader) => reader !== node);
    if (others.some((reader) => dependsOn(reader, node, after))) continue;
    inPlace.set(value, variable);
    const waits = after.get(node) ?? new Set();
    for (const reader of others) waits.add(reader);
    after.set(node, waits);
  }
  return { order: order(nodes, after), inPlace };
}

/** The variable that a tensor is, or is a view of. */
function variableBehind(tensor: Tensor): Variable | undefined {
  let seen = tensor;
  while (seen.node?.operation.view) seen = seen.node.inputs[0]!;
  return seen instanceof Variable ? seen : undefined;
}

function reachable(roots: readonly Tensor[]): Node[] {
  const seen = new Set<Node>();
  const stack = roots.flatMap((tensor) => tensor.node ?? []);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const input of node.inputs) if (input.node) stack.push(input.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** For each variable the nodes that read it, directly or through views of its memory. */
function readersOfVariables(nodes: readonly Node[]): Map<Variable, Node[]> {
  const readers = new Map<Variable, Node[]>();
  for (const node of nodes) {
    for (const variable of new Set(node.inputs.map(variableBehind))) {
      if (!variable) continue;
      const known = readers.get(variable);
      if (known) known.push(node);
      else readers.set(variable, [node]);
    }
  }
  return readers;
}

/** Whether `node` needs `target`, following inputs and the waits decided so far. */
function dependsOn(node: Node, target: Node, after: ReadonlyMap<Node, ReadonlySet<Node>>): boolean {
  const seen = new Set<Node>();
  const stack = [node];
  while (stack.length > 0) {
    const current = stack.pop()!;
    if (current === target) return true;
    // Ids grow along inputs, so nothing written before the target can need it, save through a wait.
    if (seen.has(current) || (current.id < target.id && after.size === 0)) continue;
    seen.add(current);
    for (const input of current.inputs) if (input.node) stack.push(input.node);
    for (const wait of after.get(current) ?? []) stack.push(wait);
  }
  return false;
}

/** Topological order that stays as close as possible to the order of writing. */
function order(nodes: readonly Node[], after: ReadonlyMap<Node, ReadonlySet<Node>>): Node[] {
  const done = new Set<Node>();
  const active = new Set<Node>();
  const result: Node[] = [];
  const dependencies = (node: Node): Node[] => [
    ...node.inputs.flatMap((input) => input.node ?? []),
    ...(after.get(node) ?? []),
  ];
  for (const root of nodes) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      if (done.has(node)) {
        stack.pop();
        continue;
      }
      const missing = dependencies(node).filter((dependency) => !done.has(dependency));
      if (missing.length === 0) {
        done.add(node);
        active.delete(node);
        result.push(node);
        stack.pop();
        continue;
      }
      if (active.has(node)) throw new NanobardError('internal', 'compile: the graph depends on itself');
      active.add(node);
      stack.push(...missing.sort((a, b) => b.id - a.id));
    }
  }
  return result;
}
