import type { StoredTensor } from '../load-parameters.ts';
import type { GPTSpec } from './config.ts';

/** GPT-2's Conv1D has its matrices the other way round, (in, out). */
const CONV1D = /\.(c_attn|c_proj|c_fc)\.weight$/;

/** Our parameters as GPT-2 has them: matrices of blocks transposed, biases (zeros where there are none), no lm_head. */
export function toHuggingFace(
  tensors: ReadonlyMap<string, StoredTensor>,
  { bias }: GPTSpec,
): Map<string, StoredTensor> {
  const theirs = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    theirs.set(name, CONV1D.test(name) ? transposed(tensor) : tensor);
    // Embeddings have no biases; all else has.
    if (bias || !name.endsWith('.weight') || /\.w[tp]e\./.test(name)) continue;
    const [out] = tensor.shape as [number];
    theirs.set(name.replace(/weight$/, 'bias'), { shape: [out], data: new Float32Array(out) });
  }
  return theirs;
}

/** (m, n) → (n, m) */
function transposed({ shape, data }: StoredTensor): StoredTensor {
  const [m, n] = shape as [number, number];
  const result = new Float32Array(data.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) result[j * m + i] = data[i * n + j]!;
  return { shape: [n, m], data: result };
}
