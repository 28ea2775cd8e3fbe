import { NanobardError } from '../../errors.ts';
import { normalizeDim, sameShape, shapeError } from '../../tensor/shape.ts';
import { apply, type Operation, type Tensor } from '../../tensor/tensor.ts';
import { reshape } from '../reshape/reshape.ts';
import { slice } from '../slice/slice.ts';

/**
 * Tensors one after another along dimension `dim`; all other extents must agree.
 *
 * @throws {NanobardError} code `shape` if they do not, `argument` if there is no tensor or types differ.
 */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  const d = join('concat', tensors, dim, 0);
  const head = tensors[0]!;
  for (const x of tensors) {
    if (x.rank !== head.rank || x.shape.some((extent, i) => i !== d && extent !== head.shape[i])) {
      throw shapeError('concat', `only the extents of dimension ${dim} may differ`, head.shape, x.shape);
    }
  }
  const total = tensors.reduce((sum, x) => sum + x.shape[d]!, 0);
  const shape = head.shape.map((extent, i) => (i === d ? total : extent));
  return apply(concatOperation, tensors, { dim: d }, shape, head.dtype);
}

/**
 * Tensors of one shape side by side along a new dimension `dim` of the result.
 *
 * @throws {NanobardError} code `shape` if the shapes differ, `argument` if there is no tensor or types differ.
 */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const d = join('stack', tensors, dim, 1);
  const head = tensors[0]!;
  const other = tensors.find((x) => !sameShape(x.shape, head.shape));
  if (other) throw shapeError('stack', 'all shapes must be equal', head.shape, other.shape);
  const shape = [...head.shape.slice(0, d), 1, ...head.shape.slice(d)];
  return concat(
    tensors.map((x) => reshape(x, shape)),
    d,
  );
}

/** Checks what joining needs and returns the dimension, counted from the front, of a result with `more` dimensions. */
function join(op: string, tensors: readonly Tensor[], dim: number, more: number): number {
  const [head] = tensors;
  if (!head) throw new NanobardError('argument', `${op}: needs at least one tensor`);
  const other = tensors.find((x) => x.dtype !== head.dtype);
  if (other) throw new NanobardError('argument', `${op}: cannot join ${head.dtype} with ${other.dtype}`);
  return normalizeDim(op, dim, head.rank + more);
}

export const concatOperation: Operation<{ dim: number }> = {
  name: 'concat',
  gradient: ({ inputs, attributes: { dim } }, [gradient]) => {
    let end = 0;
    return inputs.map((x) => {
      const start = end;
      end += x.shape[dim]!;
      return gradient && slice(gradient, dim, start, end);
    });
  },
};
