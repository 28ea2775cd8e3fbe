import { apply, type NoAttributes, type Operation } from '../../tensor/operation.ts';
import { hasRank, normalizeDim, sameShape, shapeError } from '../../tensor/shape.ts';
import type { Scalar, Tensor } from '../../tensor/tensor.ts';
import { gradientOperation } from '../shared/gradient.ts';
import { requireFloat, requireIntegers, requireNumbers } from '../shared/operands.ts';
import { transpose } from '../views/views.ts';

/**
 * eˣ / Σ eˣ along dimension `dim`: positive numbers that add up to 1. Entries of −Infinity become 0, as
 * masks need; where all are −Infinity the result is NaN.
 *
 * @throws {NanobardError} code `shape` if the dimension does not exist.
 */
export function softmax(x: Tensor, dim = -1): Tensor {
  requireFloat('softmax', x);
  const d = normalizeDim('softmax', dim, x.rank);
  if (d === x.rank - 1) return apply(softmaxOperation, [x], {})[0];
  return transpose(softmax(transpose(x, d, -1)), d, -1);
}

/** Along the last dimension. */
export const softmaxOperation: Operation<[x: Tensor], [y: Tensor], NoAttributes> = {
  name: 'softmax',
  shape: ([x]) => [x],
  flops: ({ outputs: [y] }) => 25 * y.size,
  gradient: ({ outputs: [y] }, [dy]) => apply(softmaxGradientOperation, [y, dy], {}),
};

/** dx = y · (dy − Σ y · dy) */
export const softmaxGradientOperation = gradientOperation<[y: Tensor, dy: Tensor]>('softmax-gradient', 4);

type CrossEntropyAttributes = { readonly ignoreIndex: number };

/**
 * Softmax and cross entropy in one: the mean of −log softmax(logits)[target] in nats, over the rows whose
 * target is not `ignoreIndex`. logits (N, V), targets i32 (N) → scalar.
 *
 * As in PyTorch the mean over no rows at all is NaN. A target outside 0 … V − 1 makes the loss and the
 * gradient of its row NaN.
 *
 * @throws {NanobardError} code `shape` if logits and targets do not fit, `argument` if targets are not i32.
 */
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  { ignoreIndex = -1 }: { ignoreIndex?: number } = {},
): Scalar {
  return apply(crossEntropyOperation, [logits, targets], { ignoreIndex })[0];
}

/**
 * The largest logit of each row and log Σ exp(logit − largest) serve the gradient. They stay apart, since their
 * sum would round away digits of large logits.
 */
export const crossEntropyOperation: Operation<
  [logits: Tensor, targets: Tensor],
  [loss: Scalar, largest: Tensor, logSum: Tensor],
  CrossEntropyAttributes
> = {
  name: 'cross-entropy',
  shape([logits, targets], { ignoreIndex }) {
    requireFloat('crossEntropy', logits);
    requireIntegers('crossEntropy', { targets });
    requireNumbers('crossEntropy', 'a finite number', { ignoreIndex });
    if (!hasRank(logits.shape, 2) || !sameShape(targets.shape, logits.shape.slice(0, 1))) {
      const problem = 'logits must have the shape (N, V) and targets (N); reshape them first';
      throw shapeError('crossEntropy', problem, logits.shape, targets.shape);
    }
    if (logits.shape[1] === 0)
      throw shapeError('crossEntropy', 'logits need at least one class', logits.shape);
    const perRow = { shape: targets.shape, dtype: 'f32' } as const;
    return [{ shape: [], dtype: 'f32' }, perRow, perRow];
  },
  flops: ({ inputs: [logits] }) => 20 * logits.size,
  gradient: ({ inputs, outputs: [, largest, logSum], attributes }, [dloss]) =>
    dloss ? apply(crossEntropyGradientOperation, [...inputs, largest, logSum, dloss], attributes) : [],
};

/** dlogits = (softmax − onehot) · dloss / count, 0 where ignored. */
export const crossEntropyGradientOperation = gradientOperation<
  [logits: Tensor, targets: Tensor, largest: Tensor, logSum: Tensor, dloss: Tensor],
  CrossEntropyAttributes
>('cross-entropy-gradient', 20);
