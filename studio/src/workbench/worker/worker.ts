// The workbench's worker: it alone computes. One device, one training at a time, the models that are open.

import type { Message, Method, Methods, Request } from '../protocol.ts';
import { Bench } from './bench.ts';
import { failureOf } from './failure.ts';

const post = (message: Message, transfer: Transferable[] = []): void => postMessage(message, { transfer });

const bench = new Bench({
  runs: (runs) => post({ type: 'runs', runs }),
  curve: (run, curve) => post({ type: 'curve', run, curve }),
});

/** Calls under way, to be cancelled. */
const running = new Map<number, AbortController>();

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  if (data.type === 'cancel') running.get(data.call)?.abort();
  else void answer(data);
});

async function answer({ call, method, args }: Extract<Request, { type: 'call' }>): Promise<void> {
  const controller = new AbortController();
  running.set(call, controller);
  const emit = (value: unknown): void => post({ type: 'emit', call, value });
  try {
    const methods: Readonly<Record<Method, unknown>> = bench.methods(emit, controller.signal);
    const run = methods[method] as (...args: readonly unknown[]) => Promise<unknown>;
    post({ type: 'done', call, value: await run(...args) });
  } catch (error) {
    post({ type: 'failed', call, failure: failureOf(error) });
  } finally {
    running.delete(call);
  }
}

export type { Methods };
