import { NanobardError } from '../../engine/errors.ts';

interface Attempt {
  readonly write: () => Promise<void>;
  readonly error: NanobardError;
}

/**
 * Files that could not be written, since the disk was full say: what they are is kept in memory, the newest of each
 * kind, until it can be written.
 */
export class Unwritten {
  private readonly attempts = new Map<string, Attempt>();

  /** Runs `write`, in place of an earlier one of this kind that failed; returns why it could not be done, if so. */
  async attempt(kind: string, write: () => Promise<void>): Promise<NanobardError | undefined> {
    try {
      await write();
      this.attempts.delete(kind);
      return undefined;
    } catch (error) {
      if (!(error instanceof NanobardError && error.code === 'file')) throw error;
      this.attempts.set(kind, { write, error });
      return error;
    }
  }

  /** Tries everything again. */
  async retry(): Promise<void> {
    for (const [kind, { write }] of [...this.attempts]) await this.attempt(kind, write);
  }

  /** Why something is still not written, the state to go on from first; undefined if all is. */
  get error(): NanobardError | undefined {
    return (this.attempts.get('last') ?? [...this.attempts.values()][0])?.error;
  }
}
