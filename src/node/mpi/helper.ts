import { startWorker, type WorkerThread } from '../../engine/devices/cpu/host.ts';
import type { MpiLibrary } from './library.ts';
import { FAILED, OVER } from './progress.ts';
import { workerSource } from './worker.generated.ts';
import type { Piece, Start, Work } from './worker.ts';

/** A thread of this process that adds up arrays over all ranks while this one computes. */
export class Helper {
  private readonly worker: WorkerThread;
  private answer: (status: number) => void = () => {};

  private constructor(start: Start) {
    this.worker = startWorker(workerSource, start, (status) => this.answer(status as number));
  }

  /** Undefined if the library cannot add up while it does something else: MPI 2 could not. */
  static async start({ path, koffiPath, handles }: MpiLibrary): Promise<Helper | undefined> {
    const helper = new Helper({ library: path, koffiPath, handles });
    try {
      await helper.worker.ready;
      return helper;
    } catch {
      return undefined;
    }
  }

  /** Adds up the pieces while `work` goes on and tells how many groups are complete; the library's status. */
  async add(
    pieces: readonly Piece[],
    work: (tell: (complete: number) => void) => Promise<void> | void,
  ): Promise<number> {
    const progress = new Int32Array(new SharedArrayBuffer(4));
    const tell = (complete: number): void => {
      Atomics.store(progress, 0, complete);
      Atomics.notify(progress, 0);
    };
    const status = new Promise<number>((resolve) => {
      this.answer = resolve;
    });
    this.worker.hold(true);
    this.worker.post({ pieces, progress } satisfies Work);
    try {
      await work(tell);
      tell(OVER);
    } catch (error) {
      tell(FAILED);
      throw error;
    }
    const result = await status;
    this.worker.hold(false);
    return result;
  }
}
