import type { Attributes, Operation } from '../tensor/tensor.ts';
import { contiguousCpu } from './contiguous/contiguous.cpu.ts';
import { contiguousReference } from './contiguous/contiguous.reference.ts';
import { contiguousOperation } from './contiguous/contiguous.ts';
import { geluCpu, geluGradientCpu } from './gelu/gelu.cpu.ts';
import { geluGradientReference, geluReference } from './gelu/gelu.reference.ts';
import { geluGradientOperation, geluOperation } from './gelu/gelu.ts';
import type { CpuLowering, ReferenceKernel } from './kernel.ts';

/** An operation and how each device computes it. */
export interface RegisteredOperation {
  readonly operation: Operation;
  readonly reference: ReferenceKernel;
  readonly cpu: CpuLowering;
}

/** Every operation that a program can contain, by name. */
export const operations: ReadonlyMap<string, RegisteredOperation> = new Map(
  [
    register(contiguousOperation, contiguousReference, contiguousCpu),
    register(geluOperation, geluReference, geluCpu),
    register(geluGradientOperation, geluGradientReference, geluGradientCpu),
  ].map((entry) => [entry.operation.name, entry]),
);

function register<A extends Attributes>(
  operation: Operation<A>,
  reference: ReferenceKernel<A>,
  cpu: CpuLowering<A>,
): RegisteredOperation {
  return { operation, reference, cpu } as unknown as RegisteredOperation;
}
