import { NanobardError } from '../errors.ts';
import { compile } from '../program/compile.ts';
import { Constant } from '../tensor/constant.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Device, Executable } from './device.ts';

/** Fills an executable's inputs by name. */
export function fillInputs(
  executable: Executable,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
): void {
  for (const { name } of executable.program.inputs) {
    const values = inputs[name];
    if (values === undefined)
      throw new NanobardError('argument', `the program's input ${name} was given no values`);
    const memory = executable.input(name);
    if (values.length !== memory.length) {
      throw new NanobardError(
        'shape',
        `input ${name} holds ${memory.length} values but was given ${values.length}`,
      );
    }
    memory.set(values);
  }
}

/** `Device.evaluate`, the same on every device. */
export async function evaluateOn(
  device: Device,
  tensor: Tensor,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
): Promise<Constant> {
  const executable = await device.load(compile({ outputs: { value: tensor } }));
  try {
    fillInputs(executable, inputs);
    await executable.run();
    return new Constant((await executable.read('value')).slice(), tensor.shape, tensor.dtype);
  } finally {
    executable.dispose();
  }
}
