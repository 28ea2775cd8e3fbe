import { cacheWrite } from '../../engine/ops/cache-write/cache-write.ts';
import { reshape } from '../../engine/ops/views/views.ts';
import { assign } from '../../engine/program/trace.ts';
import { Input, type Tensor, Variable } from '../../engine/tensor/tensor.ts';

/** Keys and values of one layer for up to `length` positions. */
export class LayerCache {
  /** Position of the first new token. */
  readonly position: Input;
  readonly k: Variable;
  readonly v: Variable;

  constructor(shape: readonly [batch: number, length: number, width: number], position: Input) {
    this.k = new Variable(shape, { name: 'cache.k' });
    this.v = new Variable(shape, { name: 'cache.v' });
    this.position = position;
  }

  /** Adds the new tokens' keys and values, (B, T, H, D); returns those of all positions, (B, length, H, D). */
  append(k: Tensor, v: Tensor): [k: Tensor, v: Tensor] {
    return [extend(this.k, k, this.position), extend(this.v, v, this.position)];
  }
}

/**
 * What a model remembers of the tokens before, so that each new token costs one position of work. Pass it to `forward`
 * in a function that a device compiles; the input `position` tells where the new tokens stand.
 */
export class KVCache {
  readonly layers: readonly LayerCache[];
  readonly position = new Input('position', [], 'i32');
  private readonly shape: readonly [batch: number, length: number, width: number];
  private ids: Variable | undefined;

  /** Memory for `layers` layers of (batch, length, width). */
  constructor(layers: number, shape: readonly [batch: number, length: number, width: number]) {
    this.shape = shape;
    this.layers = Array.from({ length: layers }, () => new LayerCache(shape, this.position));
  }

  /** Adds the new tokens' ids, i32 (B, T); returns those of all positions, (B, length). */
  tokens(idx: Tensor): Tensor {
    const [batch, length] = this.shape;
    this.ids ??= new Variable([batch, length, 1], { name: 'cache.ids', dtype: 'i32' });
    return extend(this.ids, idx, this.position);
  }

  /** The cache's memory, for a device to release. */
  variables(): Variable[] {
    return [...this.layers.flatMap(({ k, v }) => [k, v]), ...(this.ids ? [this.ids] : [])];
  }
}

/** Writes (B, T, …) into a cache (B, length, width) from `position` on; returns all of it, (B, length, …). */
function extend(cache: Variable, update: Tensor, position: Input): Tensor {
  const [B, length, width] = cache.shape as [number, number, number];
  const [, T, ...rest] = update.shape as [number, number, ...number[]];
  const written = cacheWrite(cache, reshape(update, [B, T, width]), position);
  assign(cache, written);
  return reshape(written, [B, length, ...rest]);
}
