import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../../engine/errors.ts';
import { recipes } from '../../../language/recipes/recipes.ts';
import type { TrainEvent } from '../../../language/train/events.ts';
import { version } from '../../../version.ts';
import { run } from '../main.ts';
import { FakeEngine, fakeEvents, fakeIo } from '../testing/fakes.ts';
import { newRunFolder } from './train.ts';

describe('train asks the engine for', () => {
  const asked = async (...args: string[]): Promise<unknown> => {
    const engine = new FakeEngine();
    const io = fakeIo();
    expect(await run(['train', ...args], { io, engine })).toBe(0);
    return engine.asked[0];
  };

  it('the default recipe in a folder of its own', async () => {
    expect(await asked()).toEqual({
      resume: false,
      recipeName: 'fast',
      recipe: recipes.fast.recipe,
      overrides: {},
      data: undefined,
      out: expect.stringMatching(/^runs\/fast-\d{8}-\d{6}$/),
      device: 'auto',
      threads: undefined,
      blas: 'off',
      signal: expect.any(AbortSignal),
    });
  });

  it('what the flags say', async () => {
    const args = 'bigram --data a_b.txt --out my_run --device reference --threads 1 --batch_size=32 --seed 0';
    expect(await asked(...args.split(' '))).toMatchObject({
      recipeName: 'bigram',
      recipe: { ...recipes.bigram.recipe, batchSize: 32, seed: 0 },
      overrides: { batchSize: 32, seed: 0 },
      data: 'a_b.txt',
      out: 'my_run',
      device: 'reference',
      threads: 1,
      blas: 'off',
    });
  });

  it('a run to go on with, and only what was set', async () => {
    const options = await asked('--resume', '--out', 'runs/a', '--max-iters', '4000');
    expect(options).toMatchObject({
      resume: true,
      recipeName: undefined,
      out: 'runs/a',
      overrides: { maxIters: 4000 },
    });
    expect(options).not.toHaveProperty('recipe');
    expect(await asked('--resume')).toMatchObject({ out: undefined });
  });
});

it('newRunFolder: names sort by age', () => {
  expect(newRunFolder('bigram', new Date(2026, 10, 2, 3, 4, 5))).toBe('runs/bigram-20261102-030405');
});

describe('train', () => {
  it('tells notices on standard error', async () => {
    const io = fakeIo();
    const engine = new FakeEngine(undefined, { notices: ['The download failed.'] });
    await run(['train', '--json'], { io, engine });
    expect(io.stderr.text).toBe('note: The download failed.\n');
  });

  it('with --json prints every event as a line, and nothing else', async () => {
    const io = fakeIo();
    expect(await run(['train', '--json'], { io, engine: new FakeEngine() })).toBe(0);
    const printed = io.stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TrainEvent);
    const events: TrainEvent[] = [];
    for await (const event of fakeEvents({ iters: 500 })) events.push(event);
    expect(printed).toEqual([
      {
        ...events[0],
        recipe: 'shakespeare-char-cpu',
        config: recipes['shakespeare-char-cpu'].recipe,
        data: { name: 'tinyshakespeare', characters: 1_115_394, vocabSize: 65 },
        out: 'runs/shakespeare-char-cpu-20261122-101530',
        version,
        seed: 1337,
      },
      ...events.slice(1),
    ]);
  });

  it('shows the events before a failure, then the error', async () => {
    async function* diverging(): AsyncGenerator<TrainEvent> {
      for await (const event of fakeEvents()) {
        if (event.type === 'step' && event.iter === 3)
          throw new NanobardError('diverged', 'the loss is NaN at step 3');
        yield event;
      }
    }
    const io = fakeIo();
    expect(await run(['train', '--json'], { io, engine: new FakeEngine(diverging) })).toBe(1);
    expect(JSON.parse(io.stdout.text.trimEnd().split('\n').at(-1)!)).toMatchObject({ type: 'step', iter: 2 });
    expect(io.stderr.text).toBe('error: the loss is NaN at step 3\n');
  });
});

describe('Ctrl-C', () => {
  /** Trains and sends signals when a step is reached. */
  const interrupt = async (
    at: Record<number, string>,
    ...args: string[]
  ): Promise<ReturnType<typeof fakeIo> & { code: number }> => {
    const io = fakeIo();
    const engine = new FakeEngine(async function* (options) {
      for await (const event of fakeEvents({ signal: options.signal })) {
        yield event;
        const signal = event.type === 'step' ? at[event.iter] : undefined;
        if (signal !== undefined) io.signals.emit(signal);
      }
    });
    return Object.assign(io, { code: await run(['train', ...args], { io, engine }) });
  };

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s stops the run and says how to go on', async (signal) => {
    const { code, stdout, exits, signals } = await interrupt({ 7: signal });
    expect([code, exits]).toEqual([130, []]);
    expect(stdout.text).toContain('Stopping as soon as possible, then saving.');
    expect(stdout.text).toMatch(
      /Stopped after 7 of 2,000 steps; everything is saved\.\nGo on with\n {2}nanobard train --resume --out runs\/shakespeare-char-cpu-20261122-101530\n/,
    );
    expect(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')).toBe(0);
  });

  it('keeps standard output clean with --json', async () => {
    const { code, stdout } = await interrupt({ 7: 'SIGINT' }, '--json');
    expect(code).toBe(130);
    expect(JSON.parse(stdout.text.trimEnd().split('\n').at(-1)!)).toMatchObject({
      type: 'end',
      reason: 'interrupted',
    });
  });

  it('quits at once the second time', async () => {
    const io = fakeIo();
    const engine = new FakeEngine(async function* () {
      for await (const event of fakeEvents({ iters: 3 })) {
        yield event;
        if (event.type === 'step') io.signals.emit('SIGINT');
      }
    });
    await run(['train'], { io, engine });
    expect(io.exits).toEqual([130, 130]);
  });

  it('quits at once while there is nothing to save yet', async () => {
    const io = fakeIo();
    const engine = new FakeEngine();
    const open = engine.openTraining.bind(engine);
    engine.openTraining = async (options) => {
      io.signals.emit('SIGINT');
      expect(io.exits).toEqual([130]);
      return open(options);
    };
    await run(['train'], { io, engine });
    expect.assertions(1);
  });
});
