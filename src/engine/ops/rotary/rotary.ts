import { apply, Constant, hasRank, type Operation, shapeError, type Tensor } from '../../tensor/index.ts';
import { requireFloat, requireNumbers, requirePosition } from '../shared/operands.ts';

/**
 * Rotary position embedding: the pair of elements i and i + D/2 of a head turns by the angle p · base^(−2i/D),
 * where p is the token's position, so that the product of a query and a key depends on how far apart they are.
 * Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021, §3.2; paired by halves as
 * GPT-NeoX does.
 *
 * @param x (B, T, H, D) queries or keys of H heads; D even
 * @param position Position of the first token, an i32 scalar or (B), one for each sequence: 0 unless a cache holds tokens
 *   before
 * @param options.base Ratio of the longest to the shortest wavelength, 10000 by default
 * @returns (B, T, H, D)
 * @throws {NanobardError} code `shape` if `x` does not fit, `argument` if `base` is not above 0 or the position is
 *   neither.
 */
export function rotary(
  x: Tensor,
  position: Tensor = new Constant(Int32Array.of(0), []),
  { base = 10_000 }: { readonly base?: number } = {},
): Tensor {
  return apply(rotaryOperation, [x, position], { base, inverse: false })[0];
}

/** A rotation's gradient is the rotation back. */
export const rotaryOperation: Operation<
  [x: Tensor, position: Tensor],
  [y: Tensor],
  { readonly base: number; readonly inverse: boolean }
> = {
  name: 'rotary',
  shape([x, position], { base }) {
    requireFloat('rotary', x);
    if (!hasRank(x.shape, 4) || x.shape[3] % 2 !== 0) {
      throw shapeError('rotary', 'x must have the shape (B, T, H, D) with an even D', x.shape);
    }
    requirePosition('rotary', 'position', position, x.shape[0]);
    requireNumbers('rotary', 'above 0', { base });
    return [x];
  },
  flops: ({ outputs: [y] }) => 3 * y.size,
  gradient: ({ inputs: [, position], attributes: { base, inverse } }, [dy]) =>
    apply(rotaryOperation, [dy, position], { base, inverse: !inverse }),
};
