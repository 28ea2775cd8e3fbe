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

/** Node's `require`, where there is one. */
declare const require: ((name: string) => unknown) | undefined;

function live({ module, memory, control, thread, blas }: WorkerStart): void {
  const load = typeof require === 'undefined' ? undefined : (path: string) => require(path) as Koffi;
  const { exports } = new WebAssembly.Instance(module, { env: hostFunctions(memory, blas, load) });
  (exports.runAsWorker as RunAsWorker)(control, thread);
}

if (typeof require === 'undefined') {
  addEventListener('message', (event: MessageEvent<WorkerStart>) => live(event.data), { once: true });
} else {
  live((require('node:worker_threads') as { workerData: WorkerStart }).workerData);
}
