import type { Engine } from './commands/session.ts';
import type { Io } from './io.ts';

/** What every command is given. */
export interface Context {
  readonly io: Io;
  readonly engine: Engine;
}

/** Exit codes; 130 is what shells report for a program that was interrupted. */
export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;
