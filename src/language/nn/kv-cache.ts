import { cacheWrite } from '../../engine/ops/cache-write/cache-write.ts';
import { reshape } from '../../engine/ops/reshape/reshape.ts';
import { Input, type Tensor, Variable } from '../../engine/tensor/tensor.ts';

/** Keys and values of one layer for up to `length` positions. */
export class LayerCache {
  /** Position of the first new token. */
  readonly position: Input;
  readonly k: Variable;
  readonly v: Variable;
  private readonly assignments: (readonly [Variable, Tensor])[];

  constructor(
    shape: readonly [number, number, number],
    position: Input,
    assignments: (readonly [Variable, Tensor])[],
  ) {
    this.k = new Variable(shape, { name: 'cache.k' });
    this.v = new Variable(shape, { name: 'cache.v' });
    this.position = position;
    this.assignments = assignments;
  }

  /** Adds the new tokens' keys and values, (B, T, H, D); returns those of all positions, (B, length, H, D). */
  append(k: Tensor, v: Tensor): [k: Tensor, v: Tensor] {
    return [this.write(this.k, k), this.write(this.v, v)];
  }

  private write(cache: Variable, update: Tensor): Tensor {
    const [B, T, H, D] = update.shape as [number, number, number, number];
    const written = cacheWrite(cache, reshape(update, [B, T, H * D]), this.position);
    this.assignments.push([cache, written]);
    return reshape(written, [B, cache.shape[1]!, H, D]);
  }
}

/**
 * What a model remembers of the tokens before, so that each new token costs one position of work. Pass it
 * to `forward` and compile with `takeAssignments()`; the input `position` tells where the new tokens stand.
 */
export class KVCache {
  readonly layers: readonly LayerCache[];
  readonly position = new Input('position', [], 'i32');
  private readonly shape: readonly [batch: number, length: number, width: number];
  private readonly pending: (readonly [Variable, Tensor])[] = [];
  private ids: Variable | undefined;

  /** Memory for `layers` layers of (batch, length, width). */
  constructor(layers: number, shape: readonly [batch: number, length: number, width: number]) {
    this.shape = shape;
    this.layers = Array.from({ length: layers }, () => new LayerCache(shape, this.position, this.pending));
  }

  /** Adds the new tokens' ids, i32 (B, T); returns those of all positions, (B, length). */
  tokens(idx: Tensor): Tensor {
    const [batch, length] = this.shape;
    this.ids ??= new Variable([batch, length, 1], { name: 'cache.ids', dtype: 'i32' });
    const written = cacheWrite(this.ids, reshape(idx, [...idx.shape, 1]), this.position);
    this.pending.push([this.ids, written]);
    return reshape(written, [batch, length]);
  }

  /** The cache's memory, for a device to release. */
  variables(): Variable[] {
    return [...this.layers.flatMap(({ k, v }) => [k, v]), ...(this.ids ? [this.ids] : [])];
  }

  /** The writes of the last `forward`, to be assigned by the program; each call starts anew. */
  takeAssignments(): (readonly [Variable, Tensor])[] {
    return this.pending.splice(0);
  }
}
