import { NanobardError } from '../../engine/errors.ts';
import { type Agreement, agree } from './agreement.ts';
import type { Communicator } from './communicator.ts';
import { sendWork, type Work } from './work.ts';

/**
 * What rank 0 does: begins a run on the machine that all ranks have agreed on, and tells the others of it; or that there
 * is none, if it fails.
 *
 * @throws {NanobardError} code `argument` at another rank, and what `agree` and `begin` throw.
 */
export async function lead<T>(
  job: Communicator,
  options: object,
  begin: (agreement: Agreement) => Promise<readonly [run: T, work: Work]>,
): Promise<T> {
  if (job.rank > 0) {
    const message = `rank 0 begins and resumes runs, and this is ${job.describe(job.rank)}`;
    throw new NanobardError('argument', message, { hint: 'At other ranks call help(job, options).' });
  }
  const agreement = await agree(job, options);
  let begun: readonly [T, Work] | undefined;
  try {
    begun = await begin(agreement);
    return begun[0];
  } finally {
    await sendWork(job, begun?.[1]);
    if (!begun) await job.conclude();
  }
}
