/** llama.cpp's names of the parts of GPT-2, beside ours. A block's are within `blk.N.` and `transformer.h.N.`. */
const whole = {
  token_embd: 'transformer.wte',
  position_embd: 'transformer.wpe',
  output_norm: 'transformer.ln_f',
};

const inBlock = {
  attn_norm: 'ln_1',
  attn_qkv: 'attn.c_attn',
  attn_output: 'attn.c_proj',
  ffn_norm: 'ln_2',
  ffn_up: 'mlp.c_fc',
  ffn_down: 'mlp.c_proj',
};

/** All parts of a GPT, theirs and ours. Embeddings have a weight only, all else a bias, too. */
export function parts(nLayer: number): [theirs: string, ours: string][] {
  const layers = Array.from({ length: nLayer }, (_, i) =>
    Object.entries(inBlock).map(([theirs, ours]): [string, string] => [
      `blk.${i}.${theirs}`,
      `transformer.h.${i}.${ours}`,
    ]),
  );
  return [...Object.entries(whole), ...layers.flat()];
}

export const isEmbedding = (theirs: string): boolean => theirs.endsWith('_embd');
