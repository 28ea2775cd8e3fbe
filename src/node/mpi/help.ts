import { createTraining } from '../../language/recipes/training.ts';
import type { EndReason } from '../../language/train/events.ts';
import { createDevice } from '../measurements.ts';
import { isDivergence, MOST_RESTORES } from '../runs/restores.ts';
import type { NewRunOptions, ResumeOptions } from '../runs/training.ts';
import { agree } from './agreement.ts';
import type { Communicator } from './communicator.ts';
import { receiveState, receiveWork } from './work.ts';

/**
 * What all ranks but the first do: help to train what rank 0 begins or resumes with the same options, until it ends.
 * Texts and runs are read and written by rank 0 alone. When `signal` aborts, all ranks stop.
 *
 * Resolves with why the training ended; undefined if rank 0 could not begin it.
 *
 * @throws {NanobardError} code `argument` or `device` if this rank does not fit the others (see `agree`), `memory`.
 */
export async function help(
  job: Communicator,
  options: Omit<NewRunOptions, 'job'> | Omit<ResumeOptions, 'job' | 'folder'>,
  signal?: AbortSignal,
): Promise<EndReason | undefined> {
  const { machine } = await agree(job, options);
  const work = await receiveWork(job);
  if (!work) {
    await job.conclude();
    return undefined;
  }
  const { recipe, tokenizer, tokens, policy, state } = work;
  const device = await createDevice(machine);
  try {
    const { trainer } = await createTraining({ recipe, tokens, tokenizer, device, peers: job });
    if (state) await trainer.restore(state);
    const { patience, onDivergence } = policy;
    for (let restores = state?.progress.restores ?? 0; ; restores++) {
      try {
        let reason: EndReason | undefined;
        for await (const event of trainer.run(signal, { patience }))
          if (event.type === 'end') ({ reason } = event);
        await job.conclude();
        return reason;
      } catch (error) {
        if (!isDivergence(error)) throw error;
        const before =
          onDivergence === 'restore' && restores < MOST_RESTORES ? await receiveState(job) : undefined;
        if (!before) {
          await job.conclude();
          return 'diverged';
        }
        await trainer.restore({ ...before, progress: { ...before.progress, restores: restores + 1 } });
      }
    }
  } finally {
    await device.dispose();
  }
}
