import type { LanguageModelConfig } from '../../models/language-model.ts';
import type { ModernConfig } from '../../models/modern.ts';
import type { Graph, Value } from './graph.ts';
import { attention, cached, embedding, linear, logits, type Sequence, sequence } from './layers.ts';

/** The graph of `models/modern.ts`; rows of B·T tokens, C wide. */
export function writeModern(graph: Graph, config: ModernConfig): void {
  const { nLayer, nHead, nEmbd } = config;
  const positions = turnedPositions(config);
  const tokens = sequence(graph, config, positions);
  const turn = rotary(graph, tokens, positions, nEmbd / nHead);
  const x0 = graph.within('transformer', () => rmsNorm(graph, embed(graph, tokens, config))); // (B·T, C)
  let x = x0;
  for (let layer = 0; layer < nLayer; layer++) {
    const h = `transformer.h.${layer}`;
    const [add, norm] = [
      (a: Value, b: Value): Value => graph.within(h, () => graph.apply('Add', [a, b])),
      (a: Value): Value => graph.within(h, () => rmsNorm(graph, a)),
    ];
    const lambda = graph.tensor(`${h}.x0_lambda`); // (1)
    x = add(
      x,
      graph.within(h, () => graph.apply('Mul', [x0, lambda])),
    );
    const qkv = linear(graph, `${h}.attn.c_attn`, norm(x)); // (B·T, 3C)
    const y = graph.within(`${h}.attn`, () => attention(graph, tokens, qkv, { layer, ...config, turn }));
    x = add(x, linear(graph, `${h}.attn.c_proj`, y));
    const inner = linear(graph, `${h}.mlp.c_fc`, norm(x)); // (B·T, 4C)
    const active = graph.within(`${h}.mlp`, () => {
      const positive = graph.apply('Relu', [inner]);
      return graph.apply('Mul', [positive, positive]);
    });
    x = add(x, linear(graph, `${h}.mlp.c_proj`, active));
  }
  const last = graph.within('transformer', () => rmsNorm(graph, x));
  logits(graph, tokens.size, linear(graph, 'lm_head', last), config.vocabSize);
}

/** x / √(mean(x²) + 1e-6) over the last dimension. */
function rmsNorm(graph: Graph, x: Value): Value {
  const squares = graph.apply('ReduceMean', [graph.apply('Mul', [x, x]), graph.ints([-1])]);
  return graph.apply('Div', [x, graph.apply('Sqrt', [graph.apply('Add', [squares, graph.float(1e-6)])])]);
}

/**
 * Rotary positions are relative, so that texts may go on beyond the block, seeing the last block of tokens. How far is
 * what the table of angles has room for.
 */
export function turnedPositions({ blockSize }: LanguageModelConfig): number {
  return Math.max(4 * blockSize, 1024);
}

/** What turns normalised queries and keys by their positions, (B, H, T, D) → (B, H, T, D): see `rotary`. */
function rotary(graph: Graph, tokens: Sequence, count: number, D: number): (x: Value) => Value {
  const angles = Float64Array.from(
    { length: (count * D) / 2 },
    (_, i) => Math.floor(i / (D / 2)) * 10_000 ** ((-2 * (i % (D / 2))) / D),
  );
  const [cos, sin] = (['cos', 'sin'] as const).map((name) =>
    graph.within('rotary', () => {
      const table = graph.tensor(`rotary.${name}`, {
        shape: [count, D / 2],
        data: Float32Array.from(angles, Math[name]),
      });
      return graph.apply('Unsqueeze', [graph.apply('Gather', [table, tokens.positions]), graph.ints([1])]);
    }),
  ) as [Value, Value]; // (B, 1, T, D/2) each
  const product = (a: Value, b: Value): Value => graph.apply('Mul', [a, b]);
  return (x) => {
    const [first, second] = graph.applyMany('Split', 2, [rmsNorm(graph, x)], {
      axis: -1,
      num_outputs: 2,
    }) as [Value, Value];
    const halves = [
      graph.apply('Sub', [product(first, cos), product(second, sin)]),
      graph.apply('Add', [product(second, cos), product(first, sin)]),
    ];
    return graph.apply('Concat', halves, { axis: -1 });
  };
}

/** The embeddings of each token and of the n-grams that end with it: (B·T, C). */
function embed(graph: Graph, tokens: Sequence, { nLayer, ngramOrder, ngramRows }: ModernConfig): Value {
  let x = embedding(graph, 'transformer.wte', tokens.ids);
  if (ngramOrder === 1) return x;
  const ids = pastAndNewIds(graph, tokens, nLayer);
  for (let order = 2; order <= ngramOrder; order++) {
    const table = `transformer.ngrams.${order - 2}`;
    const rows = graph.within(table, () => ngram(graph, tokens, ids, order, ngramRows));
    x = graph.apply('Add', [x, embedding(graph, table, rows)]);
  }
  return x;
}

/**
 * For each of all tokens its id + 1, and 0 for padding: int64 (B, S). Ids before travel as one more layer of the cache,
 * as floats, which hold whole numbers up to 2²⁴.
 */
function pastAndNewIds(graph: Graph, { ids, mask }: Sequence, nLayer: number): Value {
  return graph.within('ids', () => {
    const column = graph.apply('Unsqueeze', [graph.cast(ids, 'f32'), graph.ints([1, 3])]); // (B, 1, T, 1)
    const all = cached(graph, `${nLayer}.key`, column, [1, 1]); // (B, 1, S, 1)
    const numbers = graph.cast(graph.apply('Squeeze', [all, graph.ints([1, 3])]), 'i64'); // (B, S)
    return graph.apply('Mul', [graph.apply('Add', [numbers, graph.ints(1)]), mask]);
  });
}

/**
 * The hash of each new token and the `order` − 1 before it, int64 (B, T) in 0 … rows − 1: see `ngram`. Its unsigned
 * numbers of 32 bits stand in int64; factors are taken as negative numbers where they exceed 2³¹, so that no product
 * leaves 64 bits.
 */
function ngram(graph: Graph, { places }: Sequence, ids: Value, order: number, rows: number): Value {
  const times = (h: Value, factor: number): Value =>
    graph.apply('BitwiseAnd', [graph.apply('Mul', [h, graph.ints(factor | 0)]), graph.ints(0xffffffff)]);
  const mixed = (h: Value, shift: number): Value =>
    graph.apply('BitwiseXor', [h, graph.apply('Div', [h, graph.ints(2 ** shift)])]);
  const padded = graph.apply('Pad', [ids, graph.ints([0, order - 1, 0, 0])]); // (B, order − 1 + S)
  let h: Value | undefined;
  for (let back = 0; back < order; back++) {
    const at = graph.apply('Add', [places, graph.ints(order - 1 - back)]);
    const token = graph.apply('Gather', [padded, at], { axis: 1 }); // (B, T)
    h = mixed(times(h ? graph.apply('BitwiseXor', [h, token]) : token, 0x9e3779b1), 15);
  }
  h = times(mixed(h!, 16), 0x85ebca6b);
  h = times(mixed(h, 13), 0xc2b2ae35);
  return graph.apply('Mod', [mixed(h, 16), graph.ints(rows)]);
}
