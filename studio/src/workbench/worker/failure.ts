import { NanobardError } from 'nanobard';
import type { Failure } from '../protocol.ts';

export function failureOf(error: unknown): Failure {
  if (error instanceof NanobardError) {
    const { code, message, hint, options } = error;
    return { code, message, hint, options };
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), options: [] };
}
