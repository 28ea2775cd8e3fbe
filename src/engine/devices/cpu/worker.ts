// A worker of the CPU device, embedded as text. Its first message says what it is: a thread that walks tapes beside
// others, and lives inside WebAssembly from then on; or the runner of a device whose caller must not wait.

import { NanobardError } from '../../errors.ts';
import { instantiate } from './kernels.ts';
import { LocalRunner } from './local-runner.ts';
import type { Answer, Method, RunnerStart } from './runner.ts';

export interface ThreadStart extends RunnerStart {
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly thread: number;
}

type Request = readonly [method: Method, ...args: unknown[]];

interface Scope {
  readonly process?: Partial<NodeJS.Process>;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

const scope = globalThis as unknown as Scope;
/** The other end, in Node and what is like it. */
const parent = scope.process?.getBuiltinModule?.('node:worker_threads').parentPort;

function post(message: unknown, transfer: ArrayBuffer[] = []): void {
  (parent ?? scope).postMessage(message, transfer);
}

function beThread({ module, memory, control, thread, blas }: ThreadStart): void {
  const kernels = instantiate(module, memory, blas);
  post('ready');
  try {
    kernels.runAsWorker(control, thread);
  } catch {
    // The thread that everybody waits for must fail in its caller's sight.
    kernels.abandon(control);
  }
}

async function answer(runner: LocalRunner, [method, ...args]: Request): Promise<void> {
  try {
    const perform = runner[method] as (...args: unknown[]) => unknown;
    const value = await perform.apply(runner, args);
    post({ value } satisfies Answer, ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : []);
  } catch (reason) {
    const { message } = reason as Error;
    const { code, hint } = reason instanceof NanobardError ? reason : { code: 'internal' as const };
    post({ error: { code, message, hint } } satisfies Answer);
  }
}

let runner: LocalRunner | undefined;
/** Requests are answered one after another. */
let last = Promise.resolve();

function receive(message: unknown): void {
  if (runner) {
    const serving = runner;
    last = last.then(() => answer(serving, message as Request));
  } else if ('thread' in (message as ThreadStart)) {
    beThread(message as ThreadStart);
    parent?.close?.(); // Deno’s has none
  } else {
    runner = new LocalRunner(message as RunnerStart);
    post('ready');
  }
}

if (parent) parent.on('message', receive);
else scope.addEventListener('message', ({ data }) => receive(data));
