import type { Attributes, NoAttributes, Operation, Tensor } from '../../tensor/index.ts';

/** The operation that computes the gradient of one operand, of the first operand's shape, at `flops` an element. */
export function gradientOperation<
  I extends readonly [Tensor, ...Tensor[]],
  A extends Attributes = NoAttributes,
>(name: string, flops: number): Operation<I, [dx: Tensor], A> {
  return { name, shape: ([x]) => [x], flops: ({ outputs: [dx] }) => flops * dx.size };
}
