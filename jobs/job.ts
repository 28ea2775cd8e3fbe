// Starts real jobs: nanobard under the launchers of Open MPI and MPICH.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';

/** Launchers by the name that Debian gives them. */
export const launchers = ['mpirun.openmpi', 'mpirun.mpich'];
for (const name of launchers)
  if (spawnSync(name, ['--version']).status !== 0)
    throw new Error(`there is no ${name}: apt-get install openmpi-bin mpich`);

/** Tests run as root, and more ranks than processors; those that wait let others work. */
const env = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_mpi_yield_when_idle: '1',
};

/** A folder for all that jobs leave behind; whoever imports this removes it. */
export const scratch = mkdtempSync(join(tmpdir(), 'nanobard-jobs-'));

export interface Ended {
  /** Undefined if the launcher itself was killed by a signal. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Seconds since the job was last disturbed, or started. */
  readonly seconds: number;
}

/** A job that is under way. */
export class Job {
  readonly ended: Promise<Ended>;
  private readonly folder = mkdtempSync(join(scratch, 'job-'));
  private readonly child: ChildProcess;
  private since = performance.now();
  private output = '';

  /** Starts `ranks` ranks with the same arguments, or one rank for each of several lists of arguments. */
  constructor(launcher: string, ranks: number, ...args: readonly (readonly string[])[]) {
    const program = [process.execPath, join(import.meta.dirname, 'rank.mjs')];
    const parts = args.map((each) => ['-np', String(args.length > 1 ? 1 : ranks), ...program, ...each]);
    const words = parts.flatMap((part, i) => (i > 0 ? [':', ...part] : part));
    const [name = '', ...options] = launcher.split(' ');
    this.child = spawn(name, [...options, ...words], {
      env: { ...env, JOB_FOLDER: this.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    this.child.stdout!.on('data', (text) => {
      this.output += text;
    });
    this.child.stderr!.on('data', (text) => {
      stderr += text;
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        const seconds = (performance.now() - this.since) / 1000;
        resolve({ code: code ?? undefined, stdout: this.output, stderr, seconds });
      });
    });
  }

  /** Waits until something that matches has been written to standard output. */
  async says(words: RegExp): Promise<void> {
    while (!words.test(this.output)) {
      if (this.child.exitCode !== null) throw new Error(`the job has ended: ${(await this.ended).stderr}`);
      await wait(20);
    }
  }

  /** Sends a signal to one rank, or to the launcher. */
  signal(signal: NodeJS.Signals, to: number | 'launcher'): void {
    const pid = to === 'launcher' ? this.child.pid! : Number(this.read(`rank-${to}.pid`));
    this.since = performance.now();
    process.kill(pid, signal);
  }

  /** Whether any rank still lives. */
  lives(ranks: number): boolean {
    return Array.from({ length: ranks }, (_, rank) => Number(this.read(`rank-${rank}.pid`))).some((pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    });
  }

  private read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }
}
