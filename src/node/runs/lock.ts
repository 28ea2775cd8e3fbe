import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { NanobardError } from '../../engine/errors.ts';
import { unwritable } from '../files.ts';

/** Two that begin at the same moment may both give way: so often they try, after a pause of some milliseconds. */
const TRIES = 4;
const PAUSE_MS = 50;

/** A process that writes into a run's folder. */
interface Writer {
  readonly pid: number;
  /** When the process began, as its system tells, since process ids come again; empty where it does not tell. */
  readonly born: string;
  readonly host: string;
}

/**
 * Makes the caller the only writer of a folder, until it calls the function that is returned; readers need no lock. Each
 * writer has an empty file there, whose name says who it is, and gives way if it then sees another's: of two that come
 * at the same time one at least sees the other. The file of a process of this machine that is no more is removed;
 * whether one of another machine is, nobody here can tell.
 *
 * @throws {NanobardError} code `run-folder` if somebody else writes there, `file` if the folder cannot be written.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const mine = fileName({ pid: process.pid, born: birthOf(process.pid), host: hostname() });
  const path = join(folder, mine);
  const unlock = (): Promise<void> => rm(path, { force: true });
  for (let tries = 1; ; tries++) {
    await writeFile(path, '', { flag: 'wx' }).catch((cause) => {
      throw unwritable(folder, cause);
    });
    const other = await otherWriter(folder, mine);
    if (!other) return unlock;
    await unlock();
    if (tries === TRIES) throw refusal(folder, ...other);
    await wait(PAUSE_MS * (1 + Math.random()));
  }
}

/** Whether somebody writes in a run's folder, as far as can be told. */
export async function isBeingWritten(folder: string): Promise<boolean> {
  const writers = (await readdir(folder).catch(() => [])).map(writerOf);
  return writers.some((writer) => writer !== undefined && mayBeAlive(writer));
}

const fileName = ({ pid, born, host }: Writer): string =>
  `lock.${pid}.${born}.${randomBytes(4).toString('hex')}.${encodeURIComponent(host)}`;

function writerOf(name: string): Writer | undefined {
  const [, pid, born = '', host = ''] = /^lock\.(\d+)\.([\w-]*)\.\w+\.(.*)$/.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), born, host: decodeURIComponent(host) };
}

/** Another writer that may be alive, and its file; the files of those that are not are removed. */
async function otherWriter(folder: string, mine: string): Promise<[Writer, path: string] | undefined> {
  for (const name of await readdir(folder)) {
    const writer = name === mine ? undefined : writerOf(name);
    if (!writer) continue;
    const path = join(folder, name);
    if (mayBeAlive(writer)) return [writer, path];
    await rm(path, { force: true });
  }
  return undefined;
}

function mayBeAlive({ host, pid, born }: Writer): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = birthOf(pid);
  return born === '' || now === '' || now === born;
}

/** On Linux the boot and the clock ticks since then at which a process began; empty elsewhere. */
function birthOf(pid: number): string {
  try {
    const [boot] = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').split('-');
    // `pid (name) state …`, of which the start time is field 22; the name may hold spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return `${boot}-${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return '';
  }
}

function refusal(folder: string, { host, pid }: Writer, path: string): NanobardError {
  const [who, hint] =
    host !== hostname()
      ? [`process ${pid} of ${host}`, `Stop it there; if it is no more, delete ${path}.`]
      : pid !== process.pid
        ? [`process ${pid}`, 'Wait until it has ended, or stop it.']
        : ['this process', 'Let its events end, or dispose of it.'];
  return new NanobardError('run-folder', `the run ${folder} is being written by ${who}`, {
    hint,
    options: ['folder'],
  });
}
