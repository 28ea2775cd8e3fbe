import { NanobardError } from '../errors.ts';
import type { Tensor, Variable } from '../tensor/tensor.ts';
import type { Assignment } from './compile.ts';

/** The assignments of the function that is being traced; undefined outside of one. */
let assignments: Assignment[] | undefined;

/**
 * Gives `variable` the new value at the end of each run of the function that calls this while a device compiles it.
 * All of the function's other operations see the old value.
 *
 * @throws {NanobardError} code `argument` outside of such a function.
 */
export function assign(variable: Variable, value: Tensor): void {
  if (!assignments) {
    throw new NanobardError(
      'argument',
      `assign: ${variable.name} is assigned outside of a compiled function`,
      {
        hint: 'Call it, or what calls it, inside the function that you pass to device.compile.',
      },
    );
  }
  assignments.push([variable, value]);
}

/** Runs a function once and returns its result and what it has assigned. */
export function trace<R>(run: () => R): { readonly result: R; readonly assign: readonly Assignment[] } {
  const outer = assignments;
  const own: Assignment[] = [];
  assignments = own;
  try {
    return { result: run(), assign: own };
  } finally {
    assignments = outer;
  }
}
