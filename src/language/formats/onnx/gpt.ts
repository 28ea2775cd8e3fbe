import type { GPTConfig } from '../../models/gpt.ts';
import type { Graph, Value } from './graph.ts';
import { attention, embedding, layerNorm, linear, logits, positionEmbedding, sequence } from './layers.ts';

/** The graph of `models/gpt.ts`; rows of B·T tokens, C wide. */
export function writeGPT(graph: Graph, config: GPTConfig): void {
  const approximate = config.activation === 'gelu_tanh' ? 'tanh' : 'none';
  const tokens = sequence(graph, config);
  const [token, position] = [
    embedding(graph, 'transformer.wte', tokens.ids),
    positionEmbedding(graph, 'transformer.wpe', tokens.positions),
  ];
  let x = graph.within('transformer', () => graph.apply('Add', [token, position])); // (B·T, C)
  for (let layer = 0; layer < config.nLayer; layer++) {
    const h = `transformer.h.${layer}`;
    const add = (y: Value): Value => graph.within(h, () => graph.apply('Add', [x, y]));
    const qkv = linear(graph, `${h}.attn.c_attn`, layerNorm(graph, `${h}.ln_1`, x)); // (B·T, 3C)
    const y = graph.within(`${h}.attn`, () => attention(graph, tokens, qkv, { layer, ...config }));
    x = add(linear(graph, `${h}.attn.c_proj`, y));
    const inner = linear(graph, `${h}.mlp.c_fc`, layerNorm(graph, `${h}.ln_2`, x)); // (B·T, 4C)
    const active = graph.within(`${h}.mlp`, () => graph.apply('Gelu', [inner], { approximate }));
    x = add(linear(graph, `${h}.mlp.c_proj`, active));
  }
  // One table for reading and writing tokens, stored once.
  const rows = linear(graph, 'transformer.wte', layerNorm(graph, 'transformer.ln_f', x)); // (B·T, vocabSize)
  logits(graph, tokens.size, rows, config.vocabSize);
}
