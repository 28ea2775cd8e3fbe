import { NanobardError } from '../../errors.ts';
import { sameShape, shapeError } from '../../tensor/shape.ts';
import { apply, Node, type Operation, type Tensor } from '../../tensor/tensor.ts';

export type CrossEntropyAttributes = { readonly ignoreIndex: number };

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
): Tensor {
  if (logits.rank !== 2 || !sameShape(targets.shape, logits.shape.slice(0, 1))) {
    const problem = 'logits must have the shape (N, V) and targets (N); reshape them first';
    throw shapeError('crossEntropy', problem, logits.shape, targets.shape);
  }
  if (logits.shape[1] === 0) throw shapeError('crossEntropy', 'logits need at least one class', logits.shape);
  if (targets.dtype !== 'i32')
    throw new NanobardError('argument', 'crossEntropy: targets must be i32, not f32');
  const perRow = { shape: targets.shape, dtype: 'f32' } as const;
  const outputs = [{ shape: [], dtype: 'f32' }, perRow, perRow] as const;
  return new Node(crossEntropyOperation, [logits, targets], { ignoreIndex }, outputs).outputs[0]!;
}

/**
 * (logits, targets) → (loss, largest, logSum): the largest logit of each row and log Σ exp(logit − largest)
 * serve the gradient. They stay apart, since their sum would round away digits of large logits.
 */
export const crossEntropyOperation: Operation<CrossEntropyAttributes> = {
  name: 'cross-entropy',
  flops: (node) => 20 * node.inputs[0]!.size,
  gradient: ({ inputs, outputs, attributes }, [dloss]) => {
    const [logits, targets] = inputs;
    const operands = dloss && [logits!, targets!, outputs[1]!, outputs[2]!, dloss];
    return [operands && apply(crossEntropyGradientOperation, operands, attributes, logits!.shape)];
  },
};

/** (logits, targets, largest, logSum, dloss) → dlogits = (softmax − onehot) · dloss / count, 0 where ignored. */
export const crossEntropyGradientOperation: Operation<CrossEntropyAttributes> = {
  name: 'cross-entropy-gradient',
  flops: (node) => 20 * node.inputs[0]!.size,
};
