// Web workers for libraries that expect a browser: as much of them as jax-js uses.
import { resolveObjectURL } from 'node:buffer';
import { Worker as Thread } from 'node:worker_threads';
import { THREADS } from './task.ts';

const PRELUDE = `
  const { parentPort } = require('node:worker_threads');
  const self = globalThis;
  const postMessage = (data) => parentPort.postMessage(data);
  parentPort.on('message', (data) => self.onmessage({ data }));
`;

class WebWorker {
  onmessage: ((event: { data: unknown }) => void) | undefined;
  onerror: ((error: Error) => void) | undefined;
  private readonly thread: Promise<Thread>;

  constructor(url: string) {
    this.thread = this.start(url);
  }

  postMessage(data: unknown): void {
    void this.thread.then((thread) => thread.postMessage(data));
  }

  private async start(url: string): Promise<Thread> {
    const source = await resolveObjectURL(url)!.text();
    const thread = new Thread(PRELUDE + source, { eval: true });
    thread.on('message', (data) => this.onmessage?.({ data }));
    thread.on('error', (error: Error) => this.onerror?.(error));
    return thread;
  }
}

Object.defineProperty(globalThis, 'Worker', { value: WebWorker });
Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: THREADS } });
