import { NanobardError } from '../../errors.ts';
import { startWorker, type WorkerThread } from './host.ts';
import { type Answer, DISPOSED, type Method, type Runner, type RunnerStart } from './runner.ts';

/**
 * A `LocalRunner` in a worker, driven by messages: this thread stays free while programs run, as a page's must. The
 * worker has the memory, shared with workers of its own where that is possible.
 */
export class RemoteRunner implements Runner {
  readonly start = this.asking('start');
  readonly reserve = this.asking('reserve');
  readonly write = this.asking('write');
  readonly read = this.asking('read');
  readonly run = this.asking('run');
  readonly profile = this.asking('profile');
  stopped: NanobardError | undefined;
  private readonly worker: WorkerThread;
  /** Who waits for answers, in the order of the requests. */
  private readonly waiting: { resolve(value: unknown): void; reject(reason: Error): void }[] = [];

  private constructor(start: RunnerStart) {
    this.worker = startWorker(start.worker, start, (message) => this.settle(message as Answer));
  }

  /** Rejects if the worker does not start. */
  static async create(start: RunnerStart): Promise<RemoteRunner> {
    const runner = new RemoteRunner(start);
    await runner.worker.ready;
    return runner;
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = new NanobardError('device', DISPOSED);
    this.worker.terminate();
    for (const { reject } of this.waiting.splice(0)) reject(this.stopped);
  }

  private asking<M extends Method>(method: M) {
    type Result = Awaited<ReturnType<Runner[M]>>;
    return async (...args: Parameters<Runner[M]>): Promise<Result> => {
      if (this.stopped) throw this.stopped;
      this.worker.post([method, ...args]);
      this.worker.hold(true);
      return (await new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))) as Result;
    };
  }

  private settle({ value, error }: Answer): void {
    const waiting = this.waiting.shift();
    if (this.waiting.length === 0) this.worker.hold(false);
    if (error) waiting?.reject(new NanobardError(error.code, error.message, error));
    else waiting?.resolve(value);
  }
}
