import { NanobardError } from '../../errors.ts';
import type { TypedArray } from '../../tensor/dtype.ts';
import { startWorker, type WorkerThread } from './host.ts';
import type { LocalRunner } from './local-runner.ts';
import type { Block, Region, Run, Runner, RunnerStart } from './runner.ts';
import type { Answer, Method } from './worker.ts';

/**
 * A `LocalRunner` in a worker, driven by messages: this thread stays free while programs run, as a page's must. The
 * worker has the memory, shared with workers of its own where that is possible.
 */
export class RemoteRunner implements Runner {
  readonly buffer = undefined;
  private readonly worker: WorkerThread;
  /** Who waits for answers, in the order of the requests. */
  private readonly waiting: { resolve(value: unknown): void; reject(reason: Error): void }[] = [];
  stopped: NanobardError | undefined;

  private constructor(start: RunnerStart) {
    this.worker = startWorker(start.worker, start, (message) => this.settle(message as Answer));
  }

  /** Rejects if the worker does not start. */
  static async create(start: RunnerStart): Promise<RemoteRunner> {
    const runner = new RemoteRunner(start);
    await runner.worker.ready;
    return runner;
  }

  start(threads: number): Promise<void> {
    return this.ask('start', threads);
  }

  reserve(end: number, blocks: readonly Block[]): Promise<void> {
    return this.ask('reserve', end, blocks);
  }

  write(region: Region, values: TypedArray): Promise<void> {
    return this.ask('write', region, values);
  }

  read(region: Region): Promise<TypedArray> {
    return this.ask('read', region);
  }

  run(run: Run): Promise<readonly TypedArray[]> {
    return this.ask('run', run);
  }

  profile(run: Run, marks: readonly number[]): Promise<readonly number[]> {
    return this.ask('profile', run, marks);
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = new NanobardError('device', 'the CPU device was disposed of and cannot be used any more');
    this.worker.terminate();
    for (const { reject } of this.waiting.splice(0)) reject(this.stopped);
  }

  private async ask<M extends Method>(
    method: M,
    ...args: Parameters<LocalRunner[M]>
  ): Promise<Awaited<ReturnType<LocalRunner[M]>>> {
    if (this.stopped) throw this.stopped;
    this.worker.post([method, ...args]);
    this.worker.hold(true);
    const answer = new Promise<unknown>((resolve, reject) => this.waiting.push({ resolve, reject }));
    return (await answer) as Awaited<ReturnType<LocalRunner[M]>>;
  }

  private settle({ value, error }: Answer): void {
    const waiting = this.waiting.shift();
    if (this.waiting.length === 0) this.worker.hold(false);
    if (error) waiting?.reject(new NanobardError(error.code, error.message, error));
    else waiting?.resolve(value);
  }
}
