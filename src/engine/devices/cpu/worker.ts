// A worker of the CPU device, embedded as text. Its first message says what it is: a thread that walks tapes beside
// others, and lives inside WebAssembly from then on; or the runner of a device whose caller must not wait.

import { type ErrorCode, NanobardError } from '../../errors.ts';
import { hostFunctions } from './host-functions.ts';
import { type Kernels, LocalRunner, loadKoffi } from './local-runner.ts';
import type { RunnerStart } from './runner.ts';

export interface ThreadStart extends RunnerStart {
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly thread: number;
}

/** What a runner is asked for by messages: a method and its arguments. */
export type Method = 'start' | 'reserve' | 'write' | 'read' | 'run' | 'profile';
type Request = { [M in Method]: [method: M, ...args: Parameters<LocalRunner[M]>] }[Method];

export interface Answer {
  readonly value?: unknown;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint?: string };
}

/** The other end, in Node and on pages. */
interface Port {
  post(message: unknown, transfer: ArrayBufferLike[]): void;
  listen(receive: (message: unknown) => void): void;
}

interface Globals {
  readonly process?: { getBuiltinModule?(name: 'node:worker_threads'): typeof import('node:worker_threads') };
  postMessage(message: unknown, transfer: ArrayBufferLike[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

const scope = globalThis as unknown as Globals;
const parent = scope.process?.getBuiltinModule?.('node:worker_threads').parentPort;
const port: Port = parent
  ? {
      post: (message, transfer) => parent.postMessage(message, transfer as ArrayBuffer[]),
      listen: (receive) => parent.on('message', receive),
    }
  : {
      post: (message, transfer) => scope.postMessage(message, transfer),
      listen: (receive) => scope.addEventListener('message', ({ data }) => receive(data)),
    };

function beThread({ module, memory, control, thread, blas }: ThreadStart): void {
  const env = hostFunctions(memory, blas, loadKoffi);
  const kernels = new WebAssembly.Instance(module, { env }).exports as unknown as Kernels;
  port.post('ready', []);
  try {
    kernels.runAsWorker(control, thread);
  } catch {
    // The thread that everybody waits for must fail in its caller's sight.
    kernels.abandon(control);
  }
}

function perform(runner: LocalRunner, request: Request): unknown {
  switch (request[0]) {
    case 'start':
      return runner.start(request[1]);
    case 'reserve':
      return runner.reserve(request[1], request[2]);
    case 'write':
      return runner.write(request[1], request[2]);
    case 'read':
      return runner.read(request[1]);
    case 'run':
      return runner.run(request[1]);
    case 'profile':
      return runner.profile(request[1], request[2]);
  }
}

async function answer(runner: LocalRunner, request: Request): Promise<void> {
  try {
    const value = await perform(runner, request);
    port.post({ value } satisfies Answer, ArrayBuffer.isView(value) ? [value.buffer] : []);
  } catch (reason) {
    const { message } = reason as Error;
    const { code, hint } = reason instanceof NanobardError ? reason : { code: 'internal' as const };
    port.post({ error: { code, message, ...(hint !== undefined && { hint }) } } satisfies Answer, []);
  }
}

let runner: LocalRunner | undefined;
/** Requests are answered one after another. */
let last = Promise.resolve();

port.listen((message) => {
  if (runner) {
    const serving = runner;
    last = last.then(() => answer(serving, message as Request));
  } else if ('thread' in (message as ThreadStart)) {
    beThread(message as ThreadStart);
    parent?.close();
  } else {
    runner = new LocalRunner(message as RunnerStart);
    port.post('ready', []);
  }
});
