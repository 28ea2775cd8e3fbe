// A worker thread of the CPU device, embedded as text: in Node it is evaluated as CommonJS, in a browser
// it is a classic worker. It receives the compiled kernels and the shared memory, and lives inside
// WebAssembly from then on.

interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly thread: number;
}

type RunAsWorker = (control: number, thread: number) => void;

declare const require: ((name: 'node:worker_threads') => { workerData: Start }) | undefined;

function live({ module, memory, control, thread }: Start): void {
  const words = new Int32Array(memory.buffer);
  const sleep = (address: number, old: number): void => void Atomics.wait(words, address >> 2, old);
  const { exports } = new WebAssembly.Instance(module, { env: { memory, sleep } });
  (exports.runAsWorker as RunAsWorker)(control, thread);
}

if (typeof require === 'undefined') {
  addEventListener('message', (event: MessageEvent<Start>) => live(event.data), { once: true });
} else {
  live(require('node:worker_threads').workerData);
}
