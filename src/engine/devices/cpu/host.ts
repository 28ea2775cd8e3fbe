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
  arch?: string;
  versions?: { readonly node: string };
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

/** Node 20 has relaxed SIMD behind a flag that works at run time; later versions need none and know none. */
export function allowRelaxedSimd(): void {
  if (node?.versions?.node.startsWith('20.')) {
    builtin?.('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
  }
}

/**
 * Asks V8 to compile two neighbouring vector instructions of 128 bits as one of 256 (`experimental-wasm-revectorize`),
 * which it can on x86-64 with AVX2 from Node 24 on, and tells whether this is such a Node. It holds for whatever WebAssembly the process
 * compiles from here on, and changes no result.
 */
export function allowWideSimd(): boolean {
  const version = Number.parseInt(node?.versions?.node ?? '0', 10);
  const isNode = !('Bun' in globalThis) && !('Deno' in globalThis); // they call themselves Node, too
  if (!isNode || version < 24 || node?.arch !== 'x64') return false;
  builtin?.('node:v8').setFlagsFromString('--experimental-wasm-revectorize');
  return true;
}

/**
 * Starts a worker from its source text and waits for its first message, which says that it is ready. Rejects if
 * it fails before; if it fails later, that is an uncaught error.
 */
export async function startWorker(source: string, data: unknown): Promise<WorkerThread> {
  if (builtin) {
    const { Worker } = builtin('node:worker_threads');
    const worker = new Worker(source, { eval: true, workerData: data, execArgv: [] });
    await new Promise<void>((resolve, reject) => {
      const exit = (): void => reject(new Error('it ended before it was ready'));
      worker.once('error', reject);
      worker.once('exit', exit);
      worker.once('message', () => {
        worker.off('error', reject);
        worker.off('exit', exit);
        resolve();
      });
    });
    worker.unref(); // it must not keep the process alive
    return { terminate: () => void worker.terminate() };
  }
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url);
  await new Promise<void>((resolve, reject) => {
    worker.addEventListener('message', () => resolve(), { once: true });
    worker.addEventListener('error', (event) => reject(new Error(event.message)), { once: true });
    worker.postMessage(data);
  });
  URL.revokeObjectURL(url);
  return { terminate: () => worker.terminate() };
}
