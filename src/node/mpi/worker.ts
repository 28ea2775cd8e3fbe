// A thread that adds up arrays over all ranks while another one, which fills them, computes. Embedded as text. Its first
// message says which library to call, each later one what to add up; its answers, the library's status.
import { createRequire } from 'node:module';
import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import type { Handles, Koffi, NativeFunction } from './library.ts';
import { FAILED, OVER } from './progress.ts';

export interface Start {
  readonly library: string;
  readonly koffiPath: string;
  readonly handles: Handles;
}

/** Floats in memory that the thread shares. */
export interface Piece {
  readonly address: bigint;
  readonly length: number;
  /** How many groups must be complete before it can be sent. */
  readonly after: number;
}

export interface Work {
  readonly pieces: readonly Piece[];
  /** One word: see `progress.ts`. */
  readonly progress: Int32Array;
}

/**
 * Milliseconds between two looks at what is under way. The library gets on with it only when it is called, and to call it
 * all the time would take a processor from the threads that compute; 1 Gbit/s brings 25 kB meanwhile.
 */
const PAUSE = 0.2;

/** Bytes that hold a request, or a status, in any library. */
const ENOUGH = 256;

class Adder {
  private readonly koffi: Koffi;
  private readonly handles: Handles;
  private readonly begin: NativeFunction;
  private readonly test: NativeFunction;
  private readonly wait: NativeFunction;
  private readonly flag = new Int32Array(1);
  private readonly status = new Uint8Array(ENOUGH);

  constructor({ library, koffiPath, handles }: Start) {
    this.koffi = createRequire(`${process.cwd()}/`)(koffiPath) as Koffi;
    this.handles = handles;
    const { func } = this.koffi.load(library, { global: true });
    this.begin = func(
      'int MPI_Iallreduce(intptr_t, uintptr_t, int, intptr_t, intptr_t, intptr_t, uintptr_t)',
    );
    this.test = func('int MPI_Test(uintptr_t, uintptr_t, uintptr_t)');
    this.wait = func('int MPI_Wait(uintptr_t, uintptr_t)');
  }

  /** Begins all pieces in their order, each as soon as it is there; the first status that is not 0, or 0. */
  add({ pieces, progress }: Work): number {
    const requests: Uint8Array[] = [];
    for (const { address, length, after } of pieces) {
      for (let complete = Atomics.load(progress, 0); complete < after; complete = Atomics.load(progress, 0)) {
        if (complete === FAILED) return 0;
        const status = this.look(requests);
        if (status !== 0) return status;
        Atomics.wait(progress, 0, complete, requests.length > 0 ? PAUSE : Number.POSITIVE_INFINITY);
      }
      const request = new Uint8Array(ENOUGH);
      const { inPlace, float, sum, world } = this.handles;
      const status = this.begin(inPlace, address, length, float, sum, world, this.koffi.address(request));
      if (status !== 0) return status;
      requests.push(request);
    }
    while (requests.length > 0) {
      const complete = Atomics.load(progress, 0);
      const status = complete === OVER ? this.finish(requests.shift()!) : this.look(requests);
      if (status !== 0) return status;
      if (complete !== OVER) Atomics.wait(progress, 0, complete, PAUSE);
    }
    return 0;
  }

  /** Lets the library get on; forgets the first of the requests if they are done. */
  private look(requests: Uint8Array[]): number {
    while (requests.length > 0) {
      const { koffi, flag } = this;
      const [first, done] = [koffi.address(requests[0]), koffi.address(flag)];
      const status = this.test(first, done, koffi.address(this.status));
      if (status !== 0) return status;
      if (flag[0] === 0) return 0;
      requests.shift();
    }
    return 0;
  }

  private finish(request: Uint8Array): number {
    return this.wait(this.koffi.address(request), this.koffi.address(this.status));
  }
}

let adder: Adder | undefined;

parentPort!.on('message', (message: Start | Work) => {
  if ('pieces' in message) parentPort!.postMessage(adder!.add(message));
  else {
    adder = new Adder(message);
    parentPort!.postMessage('ready');
  }
});
