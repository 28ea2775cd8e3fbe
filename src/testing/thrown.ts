import { NanobardError } from '../engine/errors.ts';

/** The NanobardError that an action throws; a test fails at any other, and where there is none. */
export function thrownBy(action: () => unknown): NanobardError {
  try {
    action();
  } catch (error) {
    return ours(error);
  }
  throw new Error('nothing was thrown');
}

/** The NanobardError that a promise is rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<NanobardError> {
  try {
    await promise;
  } catch (error) {
    return ours(error);
  }
  throw new Error('nothing was thrown');
}

function ours(error: unknown): NanobardError {
  if (error instanceof NanobardError) return error;
  throw error;
}
