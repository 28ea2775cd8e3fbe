import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import type { TypedArray } from '../../engine/tensor/dtype.ts';
import { formatShape, type Shape, sameShape } from '../../engine/tensor/shape.ts';
import type { Variable } from '../../engine/tensor/tensor.ts';

export interface StoredTensor {
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** @throws {NanobardError} code `checkpoint` if a stored value is missing or has another shape or type than its variable. */
export function checkParameters(
  variables: ReadonlyMap<string, Variable>,
  stored: ReadonlyMap<string, StoredTensor>,
): void {
  for (const [name, { shape, dtype }] of variables) {
    const tensor = stored.get(name);
    const typed = tensor && tensor.data instanceof Float32Array === (dtype !== 'i32');
    if (typed && sameShape(tensor.shape, shape)) continue;
    const found = !tensor
      ? 'is missing'
      : typed
        ? `has the shape ${formatShape(tensor.shape)}`
        : 'holds numbers of another type';
    throw new NanobardError('checkpoint', `the checkpoint is of another model: ${name} ${found}`, {
      hint: `This model needs it as ${formatShape(shape)}.`,
    });
  }
}

/**
 * Writes stored values into variables on a device, by name.
 *
 * @throws {NanobardError} code `checkpoint` if one is missing or has another shape; nothing is written then.
 */
export async function loadParameters(
  variables: ReadonlyMap<string, Variable>,
  stored: ReadonlyMap<string, StoredTensor>,
  device: Device,
): Promise<void> {
  checkParameters(variables, stored);
  for (const [name, variable] of variables) await device.write(variable, stored.get(name)!.data);
}
