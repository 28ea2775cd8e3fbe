import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Generator } from '../../engine/tensor/generator.ts';
import type { Variable } from '../../engine/tensor/tensor.ts';
import { Embedding as EmbeddingLayer } from './embedding.ts';
import { Linear as LinearLayer } from './linear.ts';

// Made by scripts/fixtures/init.py with PyTorch: layers in the order in which one generator draws them.
type Embedding = ['embedding', n: number, dim: number, weight: string];
type Linear = ['linear', outFeatures: number, inFeatures: number, bias: boolean, ...digests: string[]];
const runs: { seed: number; layers: (Embedding | Linear)[] }[] = JSON.parse(
  readFileSync(new URL('./fixtures/init.json', import.meta.url), 'utf8'),
);

function digest({ initial }: Variable): string {
  return createHash('sha256').update(new Uint8Array(initial!.buffer)).digest('hex').slice(0, 8);
}

describe('initialisation against PyTorch', () => {
  it.each(runs)('starts linear layers and embeddings alike from seed $seed', ({ seed, layers }) => {
    const generator = new Generator(seed);
    for (const layer of layers) {
      if (layer[0] === 'embedding') {
        const [, n, dim, weight] = layer;
        const table = new EmbeddingLayer(n, dim).initialize(generator);
        expect(digest(table.weight), `Embedding(${n}, ${dim})`).toBe(weight);
      } else {
        const [, outFeatures, inFeatures, bias, ...digests] = layer;
        const drawn = new LinearLayer(inFeatures, outFeatures, { bias }).initialize(generator);
        expect(drawn.parameters().map(digest), `Linear(${inFeatures}, ${outFeatures})`).toEqual(digests);
      }
    }
  });
});
