import { NanobardError } from '../errors.ts';
import type { Executable } from './device.ts';

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
