import { NanobardError } from '../errors.ts';
import { type Node, requireTensors, type Tensor } from '../tensor/index.ts';
import { scalar } from './constant/constant.ts';
import { add } from './elementwise/elementwise.ts';

/**
 * The gradient of a scalar with respect to each of `variables` (any tensors of the graph), built by
 * reverse-mode differentiation from the operations' gradient rules.
 *
 * @throws {NanobardError} code `shape` if `loss` is not a scalar, `argument` if it does not depend on one
 *   of the variables or an operation on the way has no gradient.
 */
export function grad(loss: Tensor, variables: readonly Tensor[]): Tensor[] {
  requireTensors('grad', [loss, ...variables]);
  if (loss.rank !== 0)
    throw new NanobardError('shape', 'grad: the loss must be a scalar; take a mean or a sum first');
  const path = nodesBetween(loss, new Set(variables));
  const gradients = new Map<Tensor, Tensor>([[loss, scalar(1)]]);
  for (const node of path) {
    const arriving = node.outputs.map((output) => gradients.get(output));
    if (arriving.every((gradient) => gradient === undefined)) continue;
    if (!node.operation.gradient) {
      throw new NanobardError('argument', `grad: the operation ${node.operation.name} has no gradient`);
    }
    node.operation.gradient(node, arriving).forEach((gradient, i) => {
      if (!gradient) return;
      const input = node.inputs[i]!;
      const known = gradients.get(input);
      gradients.set(input, known ? add(known, gradient) : gradient);
    });
  }
  return variables.map((variable) => {
    const gradient = gradients.get(variable);
    if (!gradient)
      throw new NanobardError('argument', 'grad: the loss does not depend on one of the variables');
    return gradient;
  });
}

/** The nodes through which the loss depends on the targets, last first. */
function nodesBetween(loss: Tensor, targets: ReadonlySet<Tensor>): Node[] {
  const depends = new Map<Node, boolean>();
  const stack: Node[] = loss.node ? [loss.node] : [];
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    const below = node.inputs.flatMap((input) => (input.node && !depends.has(input.node) ? input.node : []));
    if (below.length > 0) {
      stack.push(...below);
      continue;
    }
    stack.pop();
    depends.set(
      node,
      node.inputs.some((input) => targets.has(input) || (input.node && depends.get(input.node))) ||
        node.outputs.some((output) => targets.has(output)),
    );
  }
  return [...depends.keys()].filter((node) => depends.get(node)).sort((a, b) => b.id - a.id);
}
