import { attentionOperation } from '../../engine/ops/attention/attention.ts';
import { causalMask, maskedFill, mul, square } from '../../engine/ops/elementwise/elementwise.ts';
import { embeddingOperation } from '../../engine/ops/lookup/lookup.ts';
import { matmul } from '../../engine/ops/matmul/matmul.ts';
import { sum } from '../../engine/ops/reduce/reduce.ts';
import { softmax } from '../../engine/ops/softmax/softmax.ts';
import { permute, stack } from '../../engine/ops/views/views.ts';
import { callOf, type Node } from '../../engine/tensor/operation.ts';
import type { Tensor } from '../../engine/tensor/tensor.ts';

// What a model does on the way to its logits is found in its graph, so that models need not tell.

/** Every node that a tensor needs, in the order of writing. */
function nodesOf(tensor: Tensor): Node[] {
  const seen = new Set<Node>();
  const waiting = [tensor];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (!next.node || seen.has(next.node)) continue;
    seen.add(next.node);
    waiting.push(...next.node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/**
 * The weights of each causal attention on the way to `tensor`, in the order in which they are written, (H, T, T) each:
 * how much query i (row) takes of key j. Of the batch only the first sequence.
 */
export function attentionWeights(tensor: Tensor): Tensor[] {
  return nodesOf(tensor).flatMap(({ outputs }) => {
    const call = callOf(attentionOperation, outputs[0]!);
    if (!call) return [];
    const [q, k] = call.inputs; // (B, T, H, D)
    const scores = matmul(permute(q, [0, 2, 1, 3]), permute(k, [0, 2, 3, 1])); // (B, H, T, T)
    const masked = maskedFill(
      mul(scores, call.attributes.scale),
      causalMask(q.shape[1]!),
      Number.NEGATIVE_INFINITY,
    );
    return [softmax(masked)];
  });
}

/** The squared length of what each embedding of tokens, or table of n-grams, adds at each position: (tables, B, T). */
export function lookupLengths(tensor: Tensor): Tensor | undefined {
  const found = nodesOf(tensor).flatMap(({ outputs }) => {
    const call = callOf(embeddingOperation, outputs[0]!);
    if (!call) return [];
    const [, indices] = call.inputs;
    return indices.rank === 2 ? [sum(square(outputs[0]!), -1)] : []; // positions, (T), are no text
  });
  return found.length > 0 ? stack(found) : undefined;
}
