import { cacheWrite } from '../../engine/ops/cache-write/cache-write.ts';
import { reshape, slice } from '../../engine/ops/views/views.ts';
import { assign } from '../../engine/program/trace.ts';
import { Input, type Tensor, Variable } from '../../engine/tensor/tensor.ts';

/** (batch, length, width) of a cache: sequences, positions, numbers that are remembered of each. */
type CacheShape = readonly [batch: number, length: number, width: number];

/** Keys and values of one layer for up to `length` positions. */
export class LayerCache {
  /** Position of each sequence's first new token, (B). */
  readonly position: Tensor;
  readonly k: Variable;
  readonly v: Variable;

  constructor(k: Variable, v: Variable, position: Tensor) {
    this.k = k;
    this.v = v;
    this.position = position;
  }

  /** Adds the new tokens' keys and values, (B, T, H, D); returns those of all positions, (B, length, H, D). */
  append(k: Tensor, v: Tensor): [k: Tensor, v: Tensor] {
    return [extend(this.k, k, this.position), extend(this.v, v, this.position)];
  }
}

/**
 * What a model remembers of the tokens before, so that each new token costs one position of work. Pass it to `forward`
 * in a function that a device compiles; the input `position`, (batch), tells where each sequence's new tokens stand.
 */
export class KVCache {
  readonly layers: readonly LayerCache[];
  /** Position of each sequence's first new token, (B). */
  readonly position: Tensor;
  private readonly ids: Variable;

  private constructor(layers: readonly LayerCache[], position: Tensor, ids: Variable) {
    this.layers = layers;
    this.position = position;
    this.ids = ids;
  }

  /** Memory for `layers` layers of (batch, length, width). */
  static create(layers: number, shape: CacheShape): KVCache {
    const [batch, length] = shape;
    const position = new Input(POSITION, [batch], 'i32');
    const variable = (name: string): Variable => new Variable(shape, { name: `cache.${name}` });
    return new KVCache(
      Array.from({ length: layers }, () => new LayerCache(variable('k'), variable('v'), position)),
      position,
      new Variable([batch, length, 1], { name: 'cache.ids', dtype: 'i32' }),
    );
  }

  /** The same memory, of which only the first `batch` sequences go on. */
  first(batch: number): KVCache {
    const position = slice(this.position, 0, 0, batch);
    const layers = this.layers.map(({ k, v }) => new LayerCache(k, v, position));
    return new KVCache(layers, position, this.ids);
  }

  /** Adds the new tokens' ids, i32 (B, T); returns those of all positions, (B, length). */
  tokens(idx: Tensor): Tensor {
    return extend(this.ids, idx, this.position);
  }

  /** Makes what the cache `one` holds, of a single sequence, the sequence at place `slot`, an i32 scalar, of this one. */
  adopt(one: KVCache, slot: Tensor): void {
    const from = one.variables();
    for (const [i, cache] of this.variables().entries()) {
      const sequences = reshape(cache, [1, cache.shape[0]!, -1]);
      const written = cacheWrite(sequences, reshape(from[i]!, [1, 1, -1]), slot);
      assign(cache, reshape(written, cache.shape));
    }
  }

  /** The cache's memory. */
  variables(): Variable[] {
    return [...this.layers.flatMap(({ k, v }) => [k, v]), this.ids];
  }
}

/** Name of the input that tells where the new tokens stand. */
export const POSITION = 'position';

/** Writes (B, T, …) into the first B of a cache's sequences, from their positions on; returns them, (B, length, …). */
function extend(cache: Variable, update: Tensor, position: Tensor): Tensor {
  const [, length, width] = cache.shape as CacheShape;
  const [B, T, ...rest] = update.shape as [number, number, ...number[]];
  const written = cacheWrite(cache, reshape(update, [B, T, width]), position);
  assign(cache, written);
  return reshape(slice(written, 0, 0, B), [B, length, ...rest]);
}
