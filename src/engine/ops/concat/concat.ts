import { NanobardError } from '../../errors.ts';
import { apply, type Operation, requireTensors } from '../../tensor/operation.ts';
import { normalizeDim, sameShape, shapeError } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { reshape } from '../reshape/reshape.ts';
import { slice } from '../slice/slice.ts';

/**
 * Tensors one after another along dimension `dim`; all other extents must agree.
 *
 * @throws {NanobardError} code `shape` if they do not, `argument` if there is no tensor or types differ.
 */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  const head = headOf('concat', tensors);
  const d = normalizeDim('concat', dim, head.rank);
  const other = tensors.find(({ shape }) => !sameShape(shape.toSpliced(d, 1), head.shape.toSpliced(d, 1)));
  if (other) {
    throw shapeError('concat', `only the extents of dimension ${dim} may differ`, head.shape, other.shape);
  }
  return apply(concatOperation, [head, ...tensors.slice(1)], { dim: d })[0];
}

/**
 * Tensors of one shape side by side along a new dimension `dim` of the result.
 *
 * @throws {NanobardError} code `shape` if the shapes differ, `argument` if there is no tensor or types differ.
 */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const head = headOf('stack', tensors);
  const d = normalizeDim('stack', dim, head.rank + 1);
  const other = tensors.find((x) => !sameShape(x.shape, head.shape));
  if (other) throw shapeError('stack', 'all shapes must be equal', head.shape, other.shape);
  const shape = head.shape.toSpliced(d, 0, 1);
  return concat(
    tensors.map((x) => reshape(x, shape)),
    d,
  );
}

/** The first of several tensors of one dtype. */
function headOf(op: string, tensors: readonly Tensor[]): Tensor {
  requireTensors(op, tensors);
  const [head] = tensors;
  if (!head) throw new NanobardError('argument', `${op}: needs at least one tensor`);
  const other = tensors.find((x) => x.dtype !== head.dtype);
  if (other) throw new NanobardError('argument', `${op}: cannot join ${head.dtype} with ${other.dtype}`);
  return head;
}

export const concatOperation: Operation<
  [first: Tensor, ...others: Tensor[]],
  [y: Tensor],
  { readonly dim: number }
> = {
  name: 'concat',
  shape([first, ...others], { dim }) {
    const total = [first, ...others].reduce((sum, x) => sum + x.shape[dim]!, 0);
    return [{ shape: first.shape.with(dim, total), dtype: first.dtype }];
  },
  gradient({ inputs, attributes: { dim } }, [dy]) {
    let end = 0;
    return inputs.map((x) => {
      const start = end;
      end += x.shape[dim]!;
      return slice(dy, dim, start, end);
    });
  },
};
