import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Recipe } from '../../language/recipes/recipe.ts';
import type { EndEvent, TrainEvent } from '../../language/train/events.ts';
import { disk, onDisk } from '../../testing/disk.ts';
import { results } from '../../testing/outcome.ts';
import { create, machine, recipe, train } from '../../testing/runs.ts';
import { loadModel } from '../load-model.ts';
import { RunFolder } from './run-folder.ts';
import { TrainingRun } from './training.ts';

vi.mock('../files.ts', async (original) => onDisk(await original<typeof import('../files.ts')>()));

afterEach(() => {
  disk.refuses = () => false;
  disk.written.length = 0;
});

const end = (events: readonly TrainEvent[]): EndEvent | undefined =>
  events.find((event) => event.type === 'end');
const states = async ({ folder }: TrainingRun): Promise<string[]> =>
  (await readdir(join(folder.path, 'checkpoints'))).sort();
const lineCount = async (run: TrainingRun): Promise<number> =>
  (await readFile(run.folder.metrics.path, 'utf8')).split('\n').length - 1;

describe('what an event tells of', () => {
  it('is on the disk before it is told', async () => {
    const run = await create();
    let told = 0;
    for await (const event of run.events()) {
      if (event.type !== 'sample') told++;
      if (event.type === 'checkpoint') expect(existsSync(event.path)).toBe(true);
      if (event.type !== 'eval' || event.step === 0) continue;
      expect((await run.folder.loadState())!.progress).toMatchObject({ step: event.step, evaluated: true });
      if (event.best) {
        const model = await loadModel(run.folder.path, machine);
        expect(model.step).toBe(event.step);
        await model.dispose();
      }
      expect(await lineCount(run)).toBeGreaterThanOrEqual(told);
    }
  });

  it('is kept when the consumer leaves: the model of the evaluation that was good enough, too', async () => {
    const run = await create();
    let goal: number | undefined;
    for await (const event of run.events()) {
      if (event.type === 'eval' && event.best) goal = event.step;
      if (goal !== undefined) break;
    }
    const model = await loadModel(run.folder.path, machine);
    expect(model.step).toBe(goal);
    await model.dispose();
    expect((await run.folder.loadState())!.progress.step).toBe(goal);
  });

  it('is kept when its consumer fails, or throws into the iterator', async () => {
    for (const leave of ['throw', 'inject'] as const) {
      const run = await create();
      const events = run.events();
      const failing = async (): Promise<void> => {
        if (leave === 'throw') {
          for await (const event of events)
            if (event.type === 'step' && event.step === 3) throw new Error('mine');
        } else {
          for (;;) {
            const { value } = await events.next();
            if (value?.type === 'step' && value.step === 3) await events.throw(new Error('mine'));
          }
        }
      };
      await expect(failing()).rejects.toThrow('mine');
      expect((await run.folder.loadState())!.progress.step).toBe(3);
      expect(run.folder.hasModel()).toBe(true);
      expect(await lineCount(run)).toBeGreaterThan(5);
    }
  });

  it('is written once: nothing that is on the disk already is written again', async () => {
    const run = await create();
    disk.written.length = 0;
    const events = await train(run);
    const best = events.filter((event) => event.type === 'eval' && event.best).length;
    const count = (path: string): number => disk.written.filter((each) => each === path).length;
    expect([count(run.folder.bestPath), count(run.folder.lastPath)]).toEqual([best, 3]);
    disk.written.length = 0;
    await train(await TrainingRun.resume({ folder: run.folder.path, ...machine })); // nothing to do but the sample
    expect(disk.written.filter((path) => path.endsWith('.safetensors'))).toEqual([]);
  });
});

describe('a run', () => {
  it('has one writer, and any number of readers', async () => {
    const run = await create();
    const resume = (): Promise<TrainingRun> => TrainingRun.resume({ folder: run.folder.path, ...machine });
    for await (const event of run.events()) {
      if (event.type !== 'step' || event.step !== 3) continue;
      await expect(resume()).rejects.toMatchObject({ code: 'run-folder', message: /is being written/ });
      await (await loadModel(run.folder.path, machine)).dispose();
      break;
    }
    const resumed = await resume();
    await expect(resume()).rejects.toThrow('is being written by this process');
    await resumed.dispose();
    await (await resume()).dispose();
  });

  it('begins again where it was stopped before its first state', async () => {
    const whole = await train(await create());
    const run = await create();
    disk.refuses = (path) => path === run.folder.lastPath; // killed between model and state
    await expect(train(run, 2)).rejects.toThrow('ENOSPC');
    disk.refuses = () => false;
    expect([run.folder.hasModel(), await states(run)]).toEqual([true, []]);
    const resumed = await TrainingRun.resume({ folder: run.folder.path, ...machine });
    expect(results(await train(resumed))).toEqual(results(whole));
  });

  it('begins again with the model that it began with, and refuses another', async () => {
    const first = await create();
    await train(first, 2);
    const initFrom = first.folder.path;
    const whole = await train(await create({ initFrom }));
    const run = await create({ initFrom });
    disk.refuses = (path) => path === run.folder.lastPath;
    await expect(train(run, 2)).rejects.toThrow('ENOSPC');
    disk.refuses = () => false;
    const resume = (): Promise<TrainingRun> => TrainingRun.resume({ folder: run.folder.path, ...machine });
    await (await resume()).dispose();
    const model = join(initFrom, 'model.safetensors');
    const bytes = await readFile(model);
    await writeFile(
      model,
      Uint8Array.from(bytes, (byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)),
    );
    await expect(resume()).rejects.toMatchObject({
      code: 'run-folder',
      message: expect.stringContaining(`${initFrom} is not the model any more`),
    });
    await writeFile(model, bytes);
    expect(results(await train(await resume()))).toEqual(results(whole));
  });

  it('is rid of what writers that died have left half written', async () => {
    const run = await create();
    await train(run, 3);
    for (const folder of ['.', 'checkpoints', 'samples'])
      await writeFile(join(run.folder.path, folder, `last.safetensors.${randomUUID()}.tmp`), 'half');
    await writeFile(join(run.folder.path, 'mine.tmp'), 'not of nanobard');
    await (await RunFolder.open(run.folder.path)).loadState(); // a reader removes nothing
    expect(await states(run)).toHaveLength(2);
    await (await TrainingRun.resume({ folder: run.folder.path, ...machine })).dispose();
    expect(await states(run)).toEqual(['last.safetensors']);
    expect((await readdir(run.folder.path)).filter((name) => name.endsWith('tmp'))).toEqual(['mine.tmp']);
  });

  it('keeps as many states as it is told, each written once, and remembers that', async () => {
    const run = await create({ maxIters: 8, keep: 2 });
    await train(run, 5);
    const resumed = await TrainingRun.resume({ folder: run.folder.path, ...machine });
    const events = await train(resumed);
    expect(await states(run)).toEqual([
      'last.safetensors',
      'step-000006.safetensors',
      'step-000008.safetensors',
    ]);
    const [last, kept] = await Promise.all(
      ['last.safetensors', 'step-000008.safetensors'].map((name) =>
        stat(join(run.folder.path, 'checkpoints', name)),
      ),
    );
    expect(last!.ino).toBe(kept!.ino);
    expect(events.filter((event) => event.type === 'checkpoint' && event.kind === 'kept')).toHaveLength(2);
  });

  it('ends when evaluations get no better, also when it was stopped in between', async () => {
    // A learning rate of almost 0: the first evaluation is the best or nearly so.
    const stale = { ...recipe, learningRate: 1e-30, minLr: 0, maxIters: 40, evalInterval: 2, evalIters: 1 };
    const events = await train(await create({ recipe: stale, patience: 3 }));
    const stop = end(events)!;
    expect(stop).toMatchObject({ reason: 'patience' });
    expect(stop.step).toBe(stop.bestStep! + 3 * 2);
    expect(events.at(-2)!.type).toBe('sample');

    const run = await create({ recipe: stale, patience: 3 });
    await train(run, 5);
    const resume = (options = {}): Promise<TrainingRun> =>
      TrainingRun.resume({ folder: run.folder.path, ...machine, ...options });
    expect(end(await train(await resume()))).toMatchObject({ reason: 'patience', step: stop.step });
    expect(end(await train(await resume()))).toMatchObject({ reason: 'patience', step: stop.step }); // still
    const longer = end(await train(await resume({ patience: 4 })))!;
    expect(longer.step).toBeGreaterThan(stop.step);
  });

  it('ends when its time is up, and can be resumed', async () => {
    const run = await create({ recipe: { ...recipe, maxIters: 1e6 }, maxMinutes: 1e-6 });
    const events = await train(run);
    expect(end(events)).toMatchObject({ reason: 'time' });
    expect((await run.folder.loadState())!.progress.step).toBe(end(events)!.step);
    const resumed = await TrainingRun.resume({ folder: run.folder.path, ...machine });
    expect(end(await train(resumed, 30))).toMatchObject({ reason: 'interrupted', step: 30 });
  });

  it.each([
    [{ keep: 0 }, 'keep must be a whole number from 1 on, not 0'],
    [{ patience: 1.5 }, 'patience must be a whole number from 1 on, not 1.5'],
    [{ maxMinutes: 0 }, 'maxMinutes must be a number greater than 0, not 0'],
    [{ onDivergence: 'hope' }, "onDivergence must be one of stop, restore, not 'hope'"],
  ])('refuses %j', async (options, message) => {
    await expect(create(options as never)).rejects.toMatchObject({
      code: 'argument',
      message: expect.stringContaining(message),
    });
  });
});

describe('a run that diverges', () => {
  const wild = (learningRate: number): Recipe =>
    ({
      ...recipe,
      learningRate,
      minLr: 0,
      decayLr: false,
      gradClip: 0,
      weightDecay: 0,
      evalInterval: 100,
    }) as Recipe;

  it('ends with this reason, then with the error', async () => {
    const events: TrainEvent[] = [];
    const run = await create({ recipe: wild(1e30) });
    const training = async (): Promise<void> => {
      for await (const event of run.events()) events.push(event);
    };
    await expect(training()).rejects.toMatchObject({ code: 'diverged' });
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'diverged' });
    expect(await readFile(run.folder.metrics.path, 'utf8')).toContain('"reason":"diverged"');
  });

  it('goes back with half the learning rate if it is told to: as if it had begun with that', async () => {
    for (let learningRate = 1e8; learningRate < 1e12; learningRate *= 2) {
      const run = await create({ recipe: wild(learningRate), onDivergence: 'restore' });
      const events = await train(run);
      const warning = events.findIndex(({ type }) => type === 'warning');
      if (warning < 0) continue;
      expect(events[warning]).toMatchObject({
        step: 0,
        message: expect.stringMatching(/ training goes on from step 0 with half the learning rate \(1 of 3/),
      });
      const half = await train(await create({ recipe: wild(learningRate / 2) }));
      expect(results(events.slice(warning))).toEqual(results(half));
      expect((await run.folder.loadState())!.progress.restores).toBe(1);
      const lines = (await readFile(run.folder.metrics.path, 'utf8')).trimEnd().split('\n');
      expect(results(lines.map((line) => JSON.parse(line)))).toEqual(results(half).slice(0, -1)); // each step once
      return;
    }
    expect.fail('nothing diverged');
  });

  it('gives up after the third time', async () => {
    const run = await create({ recipe: wild(1e30), onDivergence: 'restore' });
    const events: TrainEvent[] = [];
    const training = async (): Promise<void> => {
      for await (const event of run.events()) events.push(event);
    };
    await expect(training()).rejects.toMatchObject({ code: 'diverged' });
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'start' || type === 'end')).toHaveLength(2);
  });
});
