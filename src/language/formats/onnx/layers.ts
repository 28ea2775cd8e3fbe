import type { LanguageModelConfig } from '../../models/language-model.ts';
import type { Graph, Value } from './graph.ts';

// Shapes: B sequences of T new tokens, S = past + T with those in the cache, C = nEmbd wide, H = nHead heads of
// D = C/H each. Between attentions all tokens are rows of one matrix, (B·T, C).

/** What is common to all layers of a model that reads tokens one after another. */
export interface Sequence {
  /** Token ids, int64 (B, T). */
  readonly ids: Value;
  /** [B, T], int64 (2). */
  readonly size: Value;
  /** Which of all tokens are not padding, int64 (B, S). */
  readonly mask: Value;
  /** Where the new tokens stand among all, int64 (T). */
  readonly places: Value;
  /** Which of them count for positions, int64 (B, T). */
  readonly positions: Value;
  /** Whether a new token sees another: bool (B, 1, T, S). */
  readonly visible: Value;
}

/** Token ids, int64 (B, T). The tokenizer's padding may be beyond the vocabulary; it counts as the last token. */
export function inputIds(graph: Graph, vocabSize: number): Value {
  const given = graph.input('input_ids', 'i64', ['batch_size', 'sequence_length']);
  return graph.within('input_ids', () => graph.apply('Min', [given, graph.ints(vocabSize - 1)]));
}

/**
 * The inputs as transformers.js names them. Tokens see those before them, `blockSize` at most with themselves, and no
 * padding. Positions from `positions` on count as the last one, so that texts may go on beyond the block.
 */
export function sequence(
  graph: Graph,
  { vocabSize, blockSize }: LanguageModelConfig,
  positions = blockSize,
): Sequence {
  const ids = inputIds(graph, vocabSize);
  const mask = graph.input('attention_mask', 'i64', ['batch_size', 'total_sequence_length']);
  const given = graph.input('position_ids', 'i64', ['batch_size', 'sequence_length']);
  return graph.within('sequence', () => {
    const size = graph.apply('Shape', [ids]);
    const T = graph.apply('Gather', [size, graph.ints(1)]);
    const S = graph.apply('Gather', [graph.apply('Shape', [mask]), graph.ints(1)]);
    const [zero, one] = [graph.ints(0), graph.ints(1)];
    const keys = graph.apply('Range', [zero, S, one]); // (S)
    const places = graph.apply('Range', [graph.apply('Sub', [S, T]), S, one]); // (T)
    const queries = graph.apply('Unsqueeze', [places, graph.ints([1])]); // (T, 1)
    const earlier = graph.apply('LessOrEqual', [keys, queries]); // (T, S)
    const oldest = graph.apply('Sub', [queries, graph.ints(blockSize)]);
    const recent = graph.apply('Greater', [keys, oldest]); // (T, S)
    const real = graph.apply('Unsqueeze', [graph.cast(mask, 'bool'), graph.ints([1, 2])]); // (B, 1, 1, S)
    const visible = graph.apply('And', [graph.apply('And', [earlier, recent]), real]);
    const last = graph.ints(positions - 1);
    return { ids, size, mask, places, visible, positions: graph.apply('Min', [given, last]) };
  });
}

/** x · Wᵀ + b of a layer's weights: (B·T, in) → (B·T, out) */
export function linear(graph: Graph, name: string, x: Value): Value {
  const weight = graph.matrix(`${name}.weight`); // (out, in)
  return graph.within(name, () => graph.apply('Gemm', [x, weight, ...bias(graph, name)], { transB: 1 }));
}

/** (B·T, C) → (B·T, C) */
export function layerNorm(graph: Graph, name: string, x: Value): Value {
  const inputs = [x, graph.tensor(`${name}.weight`), ...bias(graph, name)];
  return graph.within(name, () =>
    graph.apply('LayerNormalization', inputs, { axis: -1, epsilon: { float: 1e-5 } }),
  );
}

function bias(graph: Graph, name: string): Value[] {
  return graph.has(`${name}.bias`) ? [graph.tensor(`${name}.bias`)] : [];
}

/** Rows of an embedding: ids int64 (B, T) → (B·T, C). */
export function embedding(graph: Graph, name: string, ids: Value): Value {
  return joined(graph, name, graph.rows(`${name}.weight`, ids));
}

/** The same of a table of learned positions, which stays f32: it is small. */
export function positionEmbedding(graph: Graph, name: string, positions: Value): Value {
  const table = graph.tensor(`${name}.weight`);
  return graph.within(name, () => joined(graph, name, graph.apply('Gather', [table, positions])));
}

/** (B, T, C) → (B·T, C) */
function joined(graph: Graph, name: string, x: Value): Value {
  const [, width] = graph.parameter(`${name}.weight`).shape as [number, number];
  return graph.within(name, () => graph.apply('Reshape', [x, graph.ints([-1, width])]));
}

export interface AttentionOptions {
  /** Which layer this is: its cache's number. */
  readonly layer: number;
  readonly nHead: number;
  readonly nEmbd: number;
  /** What is done to queries and keys in their heads, (B, H, T, D) → (B, H, T, D); nothing by default. */
  readonly turn?: (x: Value) => Value;
}

/** Causal attention with a cache: queries, keys and values side by side, (B·T, 3C) → (B·T, C). */
export function attention(
  graph: Graph,
  { size, visible }: Sequence,
  qkv: Value,
  { layer, nHead: H, nEmbd: C, turn = (x) => x }: AttentionOptions,
): Value {
  const D = C / H;
  const shape = graph.apply('Concat', [size, graph.ints([H, D])], { axis: 0 });
  const parts = graph.applyMany('Split', 3, [qkv], { axis: -1, num_outputs: 3 });
  const [q, newK, newV] = parts.map((x) =>
    graph.apply('Transpose', [graph.apply('Reshape', [x, shape])], { perm: [0, 2, 1, 3] }),
  ) as [Value, Value, Value]; // (B, H, T, D) each
  const k = cached(graph, `${layer}.key`, turn(newK), [H, D]); // (B, H, S, D)
  const v = cached(graph, `${layer}.value`, newV, [H, D]);
  const scaled = graph.apply('Mul', [turn(q), graph.float(1 / Math.sqrt(D))]);
  const scores = graph.apply('MatMul', [scaled, graph.apply('Transpose', [k], { perm: [0, 1, 3, 2] })]);
  // Not −∞: a padding that sees nothing would become NaN, and NaN times a weight of 0 is NaN for everybody.
  const seen = graph.apply('Where', [visible, scores, graph.float(-1e30)]); // (B, H, T, S)
  const y = graph.apply('MatMul', [graph.apply('Softmax', [seen], { axis: -1 }), v]); // (B, H, T, D)
  const rows = graph.apply('Transpose', [y], { perm: [0, 2, 1, 3] });
  return graph.apply('Reshape', [rows, graph.ints([-1, C])]);
}

/** Adds what is new, (B, H, T, D), to an entry of the cache: (B, H, S, D), which becomes the entry of the next call. */
export function cached(
  graph: Graph,
  entry: string,
  news: Value,
  [H, D]: readonly [heads: number, width: number],
): Value {
  const past = graph.input(`past_key_values.${entry}`, 'f32', ['batch_size', H, 'past_sequence_length', D]);
  const all = graph.apply('Concat', [past, news], { axis: 2 });
  graph.output(`present.${entry}`, all, 'f32', ['batch_size', H, 'total_sequence_length', D]);
  return all;
}

/** Gives the logits to the outside: (B·T, V) → (B, T, V). */
export function logits(graph: Graph, size: Value, rows: Value, vocabSize: number): void {
  const shape = graph.apply('Concat', [size, graph.ints([vocabSize])], { axis: 0 });
  const result = graph.apply('Reshape', [rows, shape]);
  graph.output('logits', result, 'f32', ['batch_size', 'sequence_length', vocabSize]);
}
