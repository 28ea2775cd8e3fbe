import process from 'node:process';
import { NanobardError } from '../../engine/errors.ts';
import { Communicator } from './communicator.ts';
import { launched } from './launched.ts';
import { loadMpi, type MpiChoice } from './library.ts';

/** A process is part of one job, from its start to its end. */
let joined: Promise<Communicator> | undefined;

/** Whatever library there is, also without a launcher. */
export const ANY = 'any';

/**
 * The processes that a launcher (mpirun, srun, mpiexec) has started beside this one, as one job; undefined if there is no
 * launcher, or for `off`. For `any`, or where a library is named, this process makes a job of its own without a launcher.
 *
 * @throws {NanobardError} code `device` if there is no library of MPI, or it does not belong to the launcher.
 */
export async function joinJob(choice: MpiChoice = 'auto'): Promise<Communicator | undefined> {
  const job = launched(process.env);
  if (choice === 'off' || (choice === 'auto' && !job)) return undefined;
  joined ??= Communicator.join(loadMpi(choice === ANY ? 'auto' : choice, job?.family), job);
  const communicator = await joined;
  if (!['auto', ANY].includes(choice) && communicator.library.path !== choice) {
    const message = `this process uses ${communicator.library.path} already, and cannot use ${choice}`;
    throw new NanobardError('device', message, { options: ['mpi'] });
  }
  return communicator;
}
