import type { Failure } from '../workbench/protocol.ts';

/** What went wrong, and what to do. */
export function FailureNote({ failure }: { readonly failure: Failure | undefined }) {
  if (!failure) return null;
  return (
    <p class="failure" role="alert">
      {failure.message}
      {failure.hint && <span class="hint">{failure.hint}</span>}
    </p>
  );
}

/** Anything that was thrown, as a failure. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Error && 'failure' in error) return error.failure as Failure;
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), options: [] };
}
