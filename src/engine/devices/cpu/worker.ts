// A worker thread of the CPU device, embedded as text: in Node it is evaluated, in a browser it is a
// classic worker. It receives the compiled kernels and the shared memory, and lives inside
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

interface NodeProcess {
  getBuiltinModule?: {
    (name: 'node:worker_threads'): typeof import('node:worker_threads');
    (name: 'node:module'): typeof import('node:module');
  };
}

/** Node's modules, where there are any: reached without `require`, which bundlers replace. */
const builtin = (globalThis as { process?: NodeProcess }).process?.getBuiltinModule;

function live({ module, memory, control, thread, blas }: WorkerStart, ready: () => void): void {
  const load = builtin && ((path: string) => builtin('node:module').createRequire(path)(path) as Koffi);
  const { exports } = new WebAssembly.Instance(module, { env: hostFunctions(memory, blas, load) });
  ready();
  (exports.runAsWorker as RunAsWorker)(control, thread);
}

if (builtin) {
  const { workerData, parentPort } = builtin('node:worker_threads');
  live(workerData as WorkerStart, () => parentPort?.postMessage('ready'));
} else {
  const ready = (): void => postMessage('ready');
  addEventListener('message', (event: MessageEvent<WorkerStart>) => live(event.data, ready), { once: true });
}
