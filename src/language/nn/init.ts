import type { Generator } from '../../engine/tensor/generator.ts';

/**
 * The weight of a linear layer, (outFeatures, inFeatures), as PyTorch's `nn.Linear` starts it: uniform
 * within ±1/√inFeatures. PyTorch writes that bound as Kaiming's (He et al., "Delving deep into
 * rectifiers", 2015) for a leaky ReLU of slope √5, and rounds it accordingly.
 */
export function kaimingUniformLinear(
  generator: Generator,
  outFeatures: number,
  inFeatures: number,
): Float32Array {
  const slope = Math.sqrt(5);
  const gain = Math.sqrt(2 / (1 + slope * slope));
  const bound = Math.sqrt(3) * (gain / Math.sqrt(inFeatures));
  return generator.uniform(outFeatures * inFeatures, -bound, bound);
}

/**
 * The bias of a linear layer, (outFeatures), as PyTorch's `nn.Linear` starts it: uniform within
 * ±1/√inFeatures. PyTorch draws it after the weight.
 */
export function uniformLinearBias(
  generator: Generator,
  outFeatures: number,
  inFeatures: number,
): Float32Array {
  const bound = 1 / Math.sqrt(inFeatures);
  return generator.uniform(outFeatures, -bound, bound);
}

/** The weight of an embedding, (n, dim), as PyTorch's `nn.Embedding` starts it: standard normal. */
export function embeddingNormal(generator: Generator, n: number, dim: number): Float32Array {
  return generator.randn(n * dim);
}
