import { NanobardError } from '../errors.ts';
import type { Engine } from './commands/session.ts';

const missing = (): never => {
  throw new NanobardError('internal', 'this command is not connected to the engine yet');
};

/** The engine that the program runs on; every part is loaded when first needed. */
export const engine: Engine = {
  openTraining: async () => missing(),
  sample: missing,
  evaluate: async () => missing(),
};
