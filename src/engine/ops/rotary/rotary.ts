import { NanobardError } from '../../errors.ts';
import { shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { constant } from '../constant/constant.ts';
import { requireFloat } from '../shared/operands.ts';

type RotaryAttributes = { readonly base: number; readonly inverse: boolean };

/**
 * Rotary position embedding: the pair of elements i and i + D/2 of a head turns by the angle p · base^(−2i/D),
 * where p is the token's position, so that the product of a query and a key depends on how far apart they are.
 * Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021, §3.2; paired by halves as
 * GPT-NeoX does.
 *
 * @param x (B, T, H, D) queries or keys of H heads; D even
 * @param position Position of the first token, an i32 scalar: 0 unless a cache holds tokens before
 * @param options.base Ratio of the longest to the shortest wavelength, 10000 by default
 * @returns (B, T, H, D)
 * @throws {NanobardError} code `shape` if an operand does not fit, `argument` if `base` is not above 0.
 */
export function rotary(
  x: Tensor,
  position?: Tensor,
  { base = 10_000 }: { readonly base?: number } = {},
): Tensor {
  requireFloat('rotary', x);
  if (x.rank !== 4 || x.shape[3]! % 2 !== 0) {
    throw shapeError('rotary', 'x must have the shape (B, T, H, D) with an even D', x.shape);
  }
  if (position && (position.rank !== 0 || position.dtype !== 'i32')) {
    throw shapeError('rotary', 'the position must be an i32 scalar', position.shape);
  }
  if (!(base > 0)) throw new NanobardError('argument', `rotary: the base must be above 0, not ${base}`);
  const start = position ?? constant(Int32Array.of(0), []);
  return apply(rotaryOperation, [x, start], { base, inverse: false }, x.shape);
}

/** (x, position) → y; a rotation's gradient is the rotation back. */
export const rotaryOperation: Operation<RotaryAttributes> = {
  name: 'rotary',
  stridedRows: [0], // queries and keys are parts of one matrix
  flops: (node) => 3 * node.outputs[0]!.size,
  gradient: ({ inputs: [, position], attributes: { base, inverse } }, [dy]) => [
    dy && apply(rotaryOperation, [dy, position!], { base, inverse: !inverse }, dy.shape),
  ],
};
