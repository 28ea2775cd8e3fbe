// What differs between the places where JavaScript runs: Node, Bun, Deno, pages and web workers. Node's modules are
// reached without importing them, so that one build serves all, and nothing here runs before it is asked for.

interface Globals {
  readonly process?: Partial<NodeJS.Process>;
  readonly Bun?: { readonly version: string };
  readonly Deno?: { readonly version: { readonly deno: string } };
  readonly document?: unknown;
}

const globals = globalThis as unknown as Globals;
const node = globals.process;
const builtin = node?.getBuiltinModule;

/** The operating system, as Node names it; `browser` without one. */
export const platform: string = node?.platform ?? 'browser';

/** What runs this program. Bun and Deno have versions of their own, whatever version of Node they answer for. */
export function runtime(): { readonly name: 'node' | 'bun' | 'deno' | 'browser'; readonly version: string } {
  if (globals.Bun) return { name: 'bun', version: globals.Bun.version };
  if (globals.Deno) return { name: 'deno', version: globals.Deno.version.deno };
  if (node?.versions) return { name: 'node', version: node.versions.node };
  return { name: 'browser', version: globalThis.navigator?.userAgent ?? 'unknown' };
}

/** Logical processors that this process may use: no more than a container's quota pays for. */
export function processors(): number {
  const count = builtin?.('node:os').availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.min(count, Math.floor(processorQuota())));
}

/**
 * Processors' worth of time that Linux's control groups grant this process (Node asks them itself from version 24 on):
 * `cpu.max` says "quota period" in version 2, in version 1 each has a file of its own.
 */
function processorQuota(): number {
  if (platform !== 'linux' || !builtin) return Number.POSITIVE_INFINITY;
  const { readFileSync } = builtin('node:fs');
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      return '';
    }
  };
  const quotaAt = (folder: string): number => {
    const limits =
      read(`${folder}/cpu.max`) ||
      `${read(`${folder}/cpu.cfs_quota_us`)} ${read(`${folder}/cpu.cfs_period_us`)}`;
    const [quota = Number.NaN, period = Number.NaN] = limits.split(' ').map(Number);
    return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
  };
  const quotas: number[] = [];
  // A line for each hierarchy: number:controllers:path. A group is bound by those above it, too.
  for (const [, controllers = '', path = ''] of read('/proc/self/cgroup').matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    if (controllers !== '' && !controllers.split(',').includes('cpu')) continue;
    const parts = [
      controllers === '' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/cpu',
      ...path.split('/').filter(Boolean),
    ];
    for (let depth = 1; depth <= parts.length; depth++) quotas.push(quotaAt(parts.slice(0, depth).join('/')));
  }
  return Math.min(...quotas);
}

/** Bytes of memory that can still be taken, as far as the host tells. */
export function availableMemory(): number {
  return node?.availableMemory?.() ?? Number.POSITIVE_INFINITY;
}

/** Memory that threads could share, if this place has it at all. */
function sharedMemory(): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  } catch {
    return undefined;
  }
}

/** Whether threads can share memory here: a page must be isolated from others for it (COOP and COEP). */
export function canShareMemory(): boolean {
  try {
    return structuredClone(sharedMemory()?.buffer) !== undefined;
  } catch {
    return false;
  }
}

/** Whether this thread may wait for others: a page's must not. */
export function mayBlock(): boolean {
  const memory = sharedMemory();
  if (!memory) return globals.document === undefined;
  try {
    return Atomics.wait(new Int32Array(memory.buffer), 0, 1, 0) === 'not-equal';
  } catch {
    return false;
  }
}

/**
 * Node's `require` for packages that are installed beside the program that runs, or where it runs. (Not beside this
 * file: bundlers write the place that it had on the machine that made the bundle.)
 */
export function requireFromProgram(): NodeJS.Require[] {
  if (!node?.cwd || !builtin) return [];
  const { createRequire } = builtin('node:module');
  const program = node.argv?.[1];
  let path: string | undefined;
  try {
    if (program !== undefined) path = builtin('node:fs').realpathSync(program);
  } catch {
    // Not a file: what `node --eval` was given, say.
  }
  return [...(path === undefined ? [] : [path]), `${node.cwd()}/`].map((from) => createRequire(from));
}

/**
 * Node 20 has relaxed SIMD, which later versions have by default, behind a flag that works at run time: with it, the
 * same program gives the same bits there. It adds instructions and changes nothing else.
 */
export function allowRelaxedSimd(): void {
  const { name, version } = runtime();
  if (name === 'node' && version.startsWith('20.'))
    builtin?.('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}

const REVECTORIZE = 'experimental-wasm-revectorize';
let turnedOn = false;

/** Whether this is an engine that joins neighbouring vector instructions if it is told to: Node 24 on x86-64. */
function canJoinVectors(): boolean {
  const { name, version } = runtime();
  return name === 'node' && Number.parseInt(version, 10) >= 24 && node?.arch === 'x64';
}

/**
 * Turns on V8's experimental flag to compile two neighbouring vector instructions of 128 bits as one of 256
 * (`experimental-wasm-revectorize`; AVX2, Node 24 and later). It holds for whatever WebAssembly the process compiles
 * from here on, which is why no device does it: it is for programs that own their process, like a command line.
 * Devices made afterwards measure whether it pays.
 */
export function allowWideSimd(): void {
  if (!canJoinVectors()) return;
  builtin?.('node:v8').setFlagsFromString(`--${REVECTORIZE}`);
  turnedOn = true;
}

/** Whether the engine joins vectors now: by `allowWideSimd`, or by a flag that the process was started with. */
export function joinsVectors(): boolean {
  if (turnedOn) return true;
  const flags = [...(node?.execArgv ?? []), node?.env?.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-');
  return canJoinVectors() && flags.includes(`--${REVECTORIZE}`);
}

/** A worker that was asked to start. */
export interface WorkerThread {
  /** Resolves with the first message, which says that it is ready; rejects if it fails before. */
  readonly ready: Promise<void>;
  post(message: unknown): void;
  /** Whether it keeps the process alive; at first it does not. */
  hold(alive: boolean): void;
  terminate(): void;
}

/** Starts a worker from its source text. `listen` hears its messages after the first. */
export function startWorker(
  source: string,
  data: unknown,
  listen: (message: unknown) => void = () => {},
): WorkerThread {
  let resolve = (): void => {};
  let fail: (reason: Error) => void = () => {};
  const ready = new Promise<void>((...settle) => {
    [resolve, fail] = settle;
  });
  let started = false;
  const receive = (message: unknown): void => {
    if (started) listen(message);
    else resolve();
    started = true;
  };
  if (builtin) {
    const { Worker } = builtin('node:worker_threads');
    const worker = new Worker(source, { eval: true, execArgv: [] });
    const hold = (alive: boolean): void => (alive ? worker.ref() : worker.unref());
    worker.once('message', () => hold(false)).on('message', receive);
    worker.once('exit', () => fail(new Error('it ended before it was ready')));
    worker.on('error', (error: Error) => {
      if (started) throw error;
      fail(error);
    });
    worker.postMessage(data);
    const terminate = (): void => void worker.terminate();
    return { ready, post: (message) => worker.postMessage(message), hold, terminate };
  }
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.addEventListener('message', ({ data }) => receive(data));
  worker.addEventListener('error', ({ message }) => fail(new Error(message || 'it was not allowed to')));
  worker.postMessage(data);
  return {
    ready: ready.finally(() => URL.revokeObjectURL(url)),
    post: (message) => worker.postMessage(message),
    hold: () => {},
    terminate: () => {
      worker.terminate();
      fail(new Error('it was stopped before it was ready'));
    },
  };
}

/** Unpacks raw deflate. Node's own is at hand; there, `Response` would load a whole HTTP client in 60 ms. */
export async function inflate(deflated: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (builtin) return builtin('node:zlib').inflateRawSync(deflated);
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
