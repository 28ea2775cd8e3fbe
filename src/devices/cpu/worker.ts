// A worker thread of the CPU device, embedded as text: in Node it is evaluated as CommonJS, in a browser
// it is a classic worker. It receives the compiled kernels and the shared memory, and lives inside
// WebAssembly from then on.

import { type BlasLocation, hostFunctions, type Koffi } from './host-functions.ts';

export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly thread: number;
  readonly blas: BlasLocation | undefined;
}

type RunAsWorker = (control: number, thread: number) => void;

interface NodeWorker {
  readonly workerData: WorkerStart;
  readonly parentPort: { postMessage(message: string): void };
}

/** Node's `require`, where there is one. */
declare const require: ((name: string) => unknown) | undefined;

function live({ module, memory, control, thread, blas }: WorkerStart, ready: () => void): void {
  const load = typeof require === 'undefined' ? undefined : (path: string) => require(path) as Koffi;
  const { exports } = new WebAssembly.Instance(module, { env: hostFunctions(memory, blas, load) });
  ready();
  (exports.runAsWorker as RunAsWorker)(control, thread);
}

if (typeof require === 'undefined') {
  const ready = (): void => postMessage('ready');
  addEventListener('message', (event: MessageEvent<WorkerStart>) => live(event.data, ready), { once: true });
} else {
  const { workerData, parentPort } = require('node:worker_threads') as NodeWorker;
  live(workerData, () => parentPort.postMessage('ready'));
}
