import { lstat, mkdir, readdir, readFile, realpath, rename, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { NanobardError } from '../../engine/errors.ts';
import type { CurveData } from '../../language/train/curve.ts';
import type { SampleEvent } from '../../language/train/events.ts';
import { CurveReader } from '../runs/curve-reader.ts';
import { isBeingWritten } from '../runs/lock.ts';
import { type RunSummary, summarize } from '../runs/run-summary.ts';

/** Where deleted runs go, within the folder of runs: nothing is lost before somebody empties it. */
export const TRASH = '.trash';

/** Curves that are kept, of those that were asked for last. */
const KEPT_CURVES = 64;

/** Texts that are shown of a run, the newest. */
const KEPT_SAMPLES = 8;

/** What one looks at to see whether a run has changed. */
const SIGNS = ['.', 'config.json', 'metrics.jsonl', 'model.safetensors'];

/** The run folders of a directory, and nothing else there: no links, and nothing that is not a run. */
export class RunsRoot {
  readonly path: string;
  private readonly curves = new Map<string, CurveReader>();
  /** Summaries by name, with what the run's files looked like then. */
  private readonly summaries = new Map<string, { readonly sign: string; readonly summary: RunSummary }>();

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** All runs, the newest first. */
  async list(): Promise<readonly RunSummary[]> {
    const names = await this.names();
    for (const name of this.summaries.keys()) if (!names.includes(name)) this.summaries.delete(name);
    const found = await Promise.all(names.map((name) => this.summary(name)));
    return found.filter((run) => run !== undefined).sort((a, b) => b.began - a.began);
  }

  /** A word for how all runs stand, which is another one when any has changed. */
  async sign(): Promise<string> {
    const names = await this.names();
    return (
      await Promise.all(names.map(async (name) => `${name} ${await signOf(join(this.path, name))}`))
    ).join('\n');
  }

  /**
   * The folder of a run.
   *
   * @throws {NanobardError} code `run-folder` if there is none of this name: it may have been deleted meanwhile.
   */
  async folder(name: string): Promise<string> {
    const path = join(this.path, name);
    const isName = name !== '' && !name.startsWith('.') && !/[/\\\0]/.test(name);
    if (isName && (await isOwn(this.path, path)) && (await isFile(path, 'config.json'))) return path;
    throw new NanobardError('run-folder', `there is no run ${name} any more`, {
      hint: 'It was deleted or renamed.',
    });
  }

  async curve(name: string): Promise<CurveData> {
    const path = join(await this.folder(name), 'metrics.jsonl');
    const reader = this.curves.get(path) ?? new CurveReader(path);
    this.curves.delete(path);
    this.curves.set(path, reader);
    const [oldest] = this.curves.keys();
    if (this.curves.size > KEPT_CURVES && oldest !== undefined) this.curves.delete(oldest);
    return { ...(await reader.read()), samples: await this.samples(name) };
  }

  /** The texts that the run wrote, which are files of their own. */
  private async samples(name: string): Promise<readonly SampleEvent[]> {
    const folder = join(await this.folder(name), 'samples');
    if (!(await isOwn(this.path, folder))) return [];
    const files = await readdir(folder).catch(() => []);
    const steps = files.flatMap((file) => Number(/^step-(\d+)\.txt$/.exec(file)?.[1] ?? Number.NaN));
    const newest = steps
      .filter(Number.isFinite)
      .sort((a, b) => b - a)
      .slice(0, KEPT_SAMPLES);
    const found = newest.map(async (step): Promise<SampleEvent | undefined> => {
      const file = `step-${step}.txt`;
      if (!(await isFile(folder, file))) return undefined;
      return { type: 'sample', step, text: await readFile(join(folder, file), 'utf8') };
    });
    return (await Promise.all(found)).filter((sample) => sample !== undefined);
  }

  /** The path of a file in a run's folder, if it is there and no link. */
  async file(name: string, file: string): Promise<string | undefined> {
    const folder = await this.folder(name);
    return (await isFile(folder, file)) ? join(folder, file) : undefined;
  }

  /** @throws {NanobardError} code `run-folder` if it is being written, or there is something of the new name. */
  async rename(name: string, to: string): Promise<void> {
    const folder = await this.idle(name);
    const valid = /^[^./\\\0][^/\\\0]{0,199}$/.test(to);
    if (!valid) throw new NanobardError('run-folder', `a run cannot be called ${JSON.stringify(to)}`);
    if (await lstat(join(this.path, to)).catch(() => undefined))
      throw new NanobardError('run-folder', `there is already something called ${to}`);
    await rename(folder, join(this.path, to));
  }

  /** Moves a run to the bin; returns where it is now. */
  async remove(name: string): Promise<string> {
    const folder = await this.idle(name);
    const trash = join(this.path, TRASH);
    await mkdir(trash, { recursive: true });
    for (let number = 1; ; number++) {
      const place = join(trash, number === 1 ? name : `${name}-${number}`);
      if (await lstat(place).catch(() => undefined)) continue;
      await rename(folder, place);
      return place;
    }
  }

  private async idle(name: string): Promise<string> {
    const folder = await this.folder(name);
    if (!(await isBeingWritten(folder))) return folder;
    throw new NanobardError('run-folder', `the run ${name} is being trained`, { hint: 'Stop it first.' });
  }

  private async names(): Promise<string[]> {
    const entries = await readdir(this.path, { withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
  }

  private async summary(name: string): Promise<RunSummary | undefined> {
    const folder = join(this.path, name);
    const sign = await signOf(folder);
    const known = this.summaries.get(name);
    if (known?.sign === sign && known.summary.state !== 'training') return known.summary;
    // A run may go while it is looked at.
    const summary = await summarize(folder, name).catch(() => undefined);
    if (summary) this.summaries.set(name, { sign, summary });
    return summary;
  }
}

/** Sizes and times of a run's files. */
async function signOf(folder: string): Promise<string> {
  const found = await Promise.all(SIGNS.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return found.map((file) => (file ? `${file.size} ${file.mtimeMs}` : '-')).join();
}

/** Whether a folder is where its name says, and not where a link leads. */
async function isOwn(root: string, path: string): Promise<boolean> {
  try {
    return (await realpath(path)) === `${await realpath(root)}${sep}${path.slice(root.length + 1)}`;
  } catch {
    return false;
  }
}

/** Whether a file lies in a folder itself: a regular one, no link. */
async function isFile(folder: string, name: string): Promise<boolean> {
  return (await lstat(join(folder, name)).catch(() => undefined))?.isFile() === true;
}
