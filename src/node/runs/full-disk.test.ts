import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EndEvent, TrainEvent } from '../../language/train/events.ts';
import { disk, onDisk } from '../../testing/disk.ts';
import { results } from '../../testing/outcome.ts';
import { create, machine, parent, text, train } from '../../testing/runs.ts';
import { loadModel } from '../load-model.ts';
import { TrainingRun } from './training.ts';

vi.mock('../files.ts', async (original) => onDisk(await original<typeof import('../files.ts')>()));

afterEach(() => {
  disk.refuses = () => false;
});

const end = (events: readonly TrainEvent[]): EndEvent | undefined =>
  events.find((event) => event.type === 'end');

describe('a full disk', () => {
  const full = (path: string): boolean => path.endsWith('.safetensors');

  it('is warned of, and what it refused is written when it can be', async () => {
    const whole = await train(await create());
    const run = await create();
    const events: TrainEvent[] = [];
    for await (const event of run.events()) {
      events.push(event);
      if (event.type === 'step' && event.step === 3) disk.refuses = full;
      if (event.type === 'step' && event.step === 5) disk.refuses = () => false;
    }
    const warnings = events.filter((event) => event.type === 'warning');
    expect(warnings).toContainEqual({
      type: 'warning',
      step: 4,
      message: `${run.folder.lastPath} cannot be written: ENOSPC: no space left on device; training goes on, and it will be tried again`,
      path: run.folder.lastPath,
    });
    expect(results(events)).toEqual(results(whole));
    expect((await run.folder.loadState())!.progress.step).toBe(6);
    const best = (events.at(-1) as EndEvent).bestStep;
    const model = await loadModel(run.folder.path, machine);
    expect(model.step).toBe(best);
    await model.dispose();
  });

  it('that stays full is an error at the end, and leaves the checkpoint before it intact', async () => {
    const run = await create();
    const told: TrainEvent[] = [];
    const training = async (): Promise<void> => {
      for await (const event of run.events()) {
        told.push(event);
        if (event.type === 'step' && event.step === 3) disk.refuses = full;
      }
    };
    await expect(training()).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining(`${run.folder.lastPath} cannot be written: ENOSPC`),
    });
    expect(told.filter(({ type }) => type === 'step')).toHaveLength(6); // trained to the end
    expect(end(told)).toBeUndefined(); // nobody is told that all is well
    expect((await run.folder.loadState())!.progress.step).toBe(2);
  });

  it('for metrics is warned of once, and they are all there when it is over', async () => {
    const whole = await train(await create());
    const run = await create();
    const { path } = run.folder.metrics;
    const events: TrainEvent[] = [];
    const written: string[] = [];
    for await (const event of run.events()) {
      events.push(event);
      if (event.type === 'step' && event.step === 1) {
        written.push(await readFile(path, 'utf8'));
        await rm(path);
        await mkdir(path); // nothing can be written there
      }
      if (event.type === 'step' && event.step === 5) {
        await rm(path, { recursive: true });
        await writeFile(path, written[0]!);
      }
    }
    expect(events.filter((event) => event.type === 'warning')).toHaveLength(1);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(results(lines.map((line) => JSON.parse(line)))).toEqual(results(whole).slice(0, -1));
  });

  it('leaves nothing behind of a run that cannot begin', async () => {
    const folder = join(parent, 'full');
    disk.refuses = (path) => path.endsWith('config.json');
    await expect(create({ folder })).rejects.toMatchObject({ code: 'file' });
    expect(existsSync(folder)).toBe(false);
    await mkdir(folder);
    await expect(create({ folder })).rejects.toMatchObject({ code: 'file' });
    expect(await readdir(folder)).toEqual([]);
    disk.refuses = () => false;
    await (await create({ folder })).dispose();
  });

  const mounted = join(parent, 'disk');
  const mount = (...args: string[]): boolean => {
    try {
      execFileSync('mount', args, { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };

  it('that is a real one: a memory disk of 256 kB', async ({ skip }) => {
    await mkdir(mounted);
    const canMount =
      process.platform === 'linux' && mount('-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mounted);
    if (!canMount) skip('only root can mount one');
    try {
      const fill = join(mounted, 'fill');
      const run = await create({ folder: join(mounted, 'run'), data: text });
      const events: TrainEvent[] = [];
      for await (const event of run.events()) {
        events.push(event);
        if (event.type === 'step' && event.step === 3)
          await writeFile(fill, new Uint8Array(2 ** 20)).catch(() => {});
        if (event.type === 'step' && event.step === 5) await rm(fill);
      }
      expect(events.some(({ type }) => type === 'warning')).toBe(true);
      expect(end(events)).toMatchObject({ reason: 'finished' });
      expect((await run.folder.loadState())!.progress.step).toBe(6);
      expect(await readdir(run.folder.path)).not.toContainEqual(expect.stringMatching(/tmp|lock/));

      await writeFile(fill, new Uint8Array(2 ** 20)).catch(() => {});
      await expect(create({ folder: join(mounted, 'new') })).rejects.toMatchObject({ code: 'file' });
      expect((await readdir(mounted)).sort()).toEqual(['fill', 'run']);
      await (await loadModel(run.folder.path, machine)).dispose();
      expect(mount('-o', 'remount,ro', mounted)).toBe(true);
      await expect(TrainingRun.resume({ folder: run.folder.path, ...machine })).rejects.toMatchObject({
        code: 'file',
        message: expect.stringContaining('EROFS'),
      });
      await (await loadModel(run.folder.path, machine)).dispose(); // readers need not write
    } finally {
      execFileSync('umount', [mounted]);
    }
  });
});
