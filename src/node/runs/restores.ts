import { NanobardError } from '../../engine/errors.ts';

/** How often a run goes back to a checkpoint, at most. */
export const MOST_RESTORES = 3;

export const isDivergence = (error: unknown): error is NanobardError =>
  error instanceof NanobardError && error.code === 'diverged';
