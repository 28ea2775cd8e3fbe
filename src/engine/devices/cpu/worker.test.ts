import { createContext, runInContext } from 'node:vm';
import { expect, it } from 'vitest';
import { workerSource } from './worker.generated.ts';

it('listens for its start in a scope that has nothing of Node’s, as in a browser', () => {
  const listened: string[] = [];
  const scope = { addEventListener: (type: string) => listened.push(type), postMessage: () => {} };
  runInContext(workerSource, createContext(scope));
  expect(listened).toEqual(['message']);
});
