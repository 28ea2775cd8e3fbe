import { signal } from '@preact/signals';
import type { CurveData } from 'nanobard';
import type {
  Failure,
  Machine,
  MachineOptions,
  Message,
  Method,
  Methods,
  Request,
  StoredRun,
} from './protocol.ts';

// The page's side of the worker: calls, and what it tells by itself.

export const runs = signal<readonly StoredRun[]>([]);
export const machine = signal<Machine | undefined>(undefined);
/** How runs stand that are shown: the one that is trained as it goes, others once they were asked for. */
export const curves = signal<Readonly<Record<string, CurveData>>>({});

/** How far a run has come, which may be further than what is kept of it. */
export const stepOf = ({ id, step }: StoredRun): number =>
  Math.max(step, curves.value[id]?.steps.step.at(-1) ?? 0);

/** Why a call did not come to its end: the failure's message, and what to do. */
export class WorkbenchError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface Call {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly emit: ((value: never) => void) | undefined;
}

const calls = new Map<number, Call>();
let count = 0;
let worker: Worker | undefined;

function theWorker(): Worker {
  if (worker) return worker;
  worker = new Worker(new URL('./worker/worker.ts', import.meta.url), { type: 'module', name: 'workbench' });
  worker.addEventListener('message', ({ data }: MessageEvent<Message>) => receive(data));
  worker.addEventListener('error', ({ message }) => {
    const failure = { code: 'internal', message: message || 'the worker could not be started', options: [] };
    for (const { reject } of calls.values()) reject(new WorkbenchError(failure));
    calls.clear();
  });
  return worker;
}

type Arguments<M extends Method> = Parameters<Methods[M]>;
type Result<M extends Method> = Awaited<ReturnType<Methods[M]>>;
/** What a method takes beside its function `emit`, which cannot be sent. */
type Sent<M extends Method> = Arguments<M> extends [...infer A, (value: never) => void] ? A : Arguments<M>;

/** Asks the worker. `signal` cancels what can be cancelled; `emit` is given what comes in between. */
export function ask<M extends Method>(
  method: M,
  args: Sent<M>,
  { emit, signal }: { emit?: (value: never) => void; signal?: AbortSignal } = {},
): Promise<Result<M>> {
  return new Promise((resolve, reject) => {
    const call = ++count;
    calls.set(call, { resolve: resolve as Call['resolve'], reject, emit });
    const send = (request: Request): void => theWorker().postMessage(request);
    send({ type: 'call', call, method, args });
    signal?.addEventListener('abort', () => send({ type: 'cancel', call }));
  });
}

function receive(message: Message): void {
  switch (message.type) {
    case 'runs':
      runs.value = message.runs;
      return;
    case 'curve':
      curves.value = { ...curves.peek(), [message.run]: message.curve };
      return;
    case 'emit':
      calls.get(message.call)?.emit?.(message.value as never);
      return;
    case 'done':
      calls.get(message.call)?.resolve(message.value as never);
      break;
    case 'failed':
      calls.get(message.call)?.reject(new WorkbenchError(message.failure));
  }
  calls.delete(message.call);
}

/** The device, started once; anew if it is to be another, or to have another number of threads. */
export async function start(options: MachineOptions = {}): Promise<void> {
  machine.value = await ask('start', [options]);
}

/** Asks for the curve of a run that is kept, unless it is there. */
export async function showCurve(run: string): Promise<void> {
  if (curves.peek()[run]) return;
  const curve = await ask('curve', [run]);
  curves.value = { [run]: curve, ...curves.peek() };
}
