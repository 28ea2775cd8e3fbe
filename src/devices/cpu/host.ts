// What differs between Node and a browser. Node's modules are reached without importing them, so that
// one build serves both.

interface NodeProcess {
  getBuiltinModule?: {
    (name: 'node:worker_threads'): typeof import('node:worker_threads');
    (name: 'node:os'): typeof import('node:os');
    (name: 'node:v8'): typeof import('node:v8');
    (name: 'node:module'): typeof import('node:module');
  };
  availableMemory?: () => number;
  platform?: string;
}

const node = (globalThis as { process?: NodeProcess }).process;
const builtin = node?.getBuiltinModule;

/** A running worker thread. */
export interface WorkerThread {
  terminate(): void;
}

/** Logical processors that this process may use. */
export function processors(): number {
  return builtin?.('node:os').availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** Bytes of memory that can still be taken, as far as the host tells. */
export function availableMemory(): number {
  return node?.availableMemory?.() ?? Number.POSITIVE_INFINITY;
}

/** The operating system, as Node names it; `browser` without one. */
export const platform = node?.platform ?? 'browser';

/** Node's `require` for packages that are installed beside nanobard or the user's program. */
export const requireFromHere: NodeJS.Require | undefined = builtin?.('node:module').createRequire(
  import.meta.url,
);

/** Node 20 has relaxed SIMD behind a flag that works at run time; elsewhere this does nothing. */
export function allowRelaxedSimd(): void {
  builtin?.('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/** Starts a worker from its source text; `onError` hears of a worker that dies. */
export function startWorker(source: string, data: unknown, onError: (cause: unknown) => void): WorkerThread {
  if (builtin) {
    const { Worker } = builtin('node:worker_threads');
    const worker = new Worker(source, { eval: true, workerData: data, execArgv: [] });
    worker.on('error', onError);
    worker.unref();
    return { terminate: () => void worker.terminate() };
  }
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.addEventListener('error', (event) => onError(event.message));
  worker.postMessage(data);
  return {
    terminate: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
