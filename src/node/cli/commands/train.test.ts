import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plays } from '../../../language/data/plays.ts';
import { recipes } from '../../../language/recipes/recipes.ts';
import { version } from '../../../version.ts';
import { run } from '../main.ts';
import { type TestIo, testIo } from '../testing/test-io.ts';

const text = plays({ characters: 2000, seed: 1 });
const home = process.cwd();

let parent: string;
let data: string;
let out: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  data = join(parent, 'my text.txt');
  out = join(parent, 'run');
  await writeFile(data, text);
});

afterEach(async () => {
  process.chdir(home);
  await rm(parent, { recursive: true });
});

const tiny = ['--max-iters', '20', '--eval-interval', '10', '--eval-iters', '1', '--threads', '1'];

/** Trains a bigram; later flags override earlier ones. */
async function train(args: string[], io = testIo()): Promise<TestIo & { code: number }> {
  const all = ['train', ...(args.includes('--resume') ? args : ['bigram', '--data', data, ...tiny, ...args])];
  return Object.assign(io, { code: await run(all, io) });
}

const lines = (io: TestIo): { type: string; step: number; [key: string]: unknown }[] =>
  io.stdout.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('train', () => {
  it('with --json prints every event as a line, and nothing else', async () => {
    const io = await train(['--out', out, '--json', '--batch_size=4', '--seed', '0']);
    expect([io.code, io.stderr.text]).toEqual([0, '']);
    const [start, ...events] = lines(io);
    const config = {
      ...recipes.bigram.recipe,
      maxIters: 20,
      evalInterval: 10,
      evalIters: 1,
      batchSize: 4,
      seed: 0,
    };
    expect(start).toMatchObject({
      ...{ type: 'start', step: 0, recipe: 'bigram', data: { name: 'my text.txt', characters: 2000 } },
      ...{ out, version, seed: 0, config: { ...config, lrDecayIters: expect.any(Number) } },
    });
    const metrics = (await readFile(join(out, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    const recorded = metrics.map((line) => JSON.parse(line)).filter(({ type }) => type !== 'start');
    expect(events.filter(({ type }) => type !== 'sample')).toEqual(recorded);
    expect(events.filter(({ type }) => type === 'step')).toHaveLength(20);
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'finished' });
  });

  it('makes a folder below runs, another one for each run, and resumes the newest', async () => {
    process.chdir(parent);
    expect((await train([])).code).toBe(0);
    expect((await train([])).code).toBe(0);
    const runs = await readdir('runs');
    expect(runs).toHaveLength(2);
    for (const name of runs) expect(name).toMatch(/^bigram-\d{8}-\d{6}(-2)?$/);
    const resumed = await train(['--resume', '--max-iters', '23', '--json', '--threads', '1']);
    expect(lines(resumed)[0]).toMatchObject({ step: 20, out: expect.stringMatching(/^runs.bigram/) });
    expect(lines(resumed).at(-1)).toMatchObject({ step: 23, reason: 'finished' });
  });

  it('tells notices on standard error', async () => {
    await writeFile(data, text.replaceAll('\n', '\r\n'));
    const { stderr } = await train(['--out', out, '--json']);
    expect(stderr.text).toBe('note: The line ends of my text.txt (CRLF or CR) are read as line feeds.\n');
  });

  it('refuses a folder in use, naming the flags', async () => {
    await train(['--out', out]);
    const again = await train(['--out', out]);
    expect([again.code, again.stderr.text]).toEqual([
      1,
      `error: ${out} already holds a run\nResume that run, or choose another folder. See --out and --resume.\n`,
    ]);
  });

  it('refuses f16 on a processor, naming the flags', async () => {
    const io = await train(['--out', out, '--device', 'cpu', '--dtype', 'f16']);
    expect([io.code, io.stderr.text]).toEqual([
      1,
      'error: the device cpu computes in f32 alone\n' +
        'Use f32, or the device webgpu where the GPU has f16. See --device and --dtype.\n',
    ]);
    expect(existsSync(out)).toBe(false);
  });

  it('takes what a run does beside training', async () => {
    const more = ['--keep', '1', '--patience', '1', '--max-minutes', '5', '--on-divergence', 'restore'];
    const io = await train([
      '--out',
      out,
      '--json',
      '--learning-rate',
      '1e-30',
      '--max-iters',
      '100',
      ...more,
    ]);
    expect([io.code, lines(io).at(-1)]).toMatchObject([0, { type: 'end', reason: 'patience' }]);
    expect(await readdir(join(out, 'checkpoints'))).toHaveLength(2);
    const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'));
    expect(config.policy).toEqual({ keep: 1, patience: 1, onDivergence: 'restore' });
  });

  it('shows the events before a failure, then the error', async () => {
    const io = await train(['--out', out, '--learning-rate', '1e38', '--json']);
    expect(io.code).toBe(1);
    expect(lines(io).at(-1)).toMatchObject({ type: 'end', reason: 'diverged' });
    expect(io.stderr.text).toMatch(/^error: (step|after step) \d+.*\nUse a lower learning rate/);
  });

  it.each([
    [0, 0],
    [24, 0],
    [0, 24],
    [1, 1],
    [40, 12],
    [80, 24],
  ])('trains on a terminal of %i × %i', async (columns, rows) => {
    const io = await train(['--out', out], testIo({ terminal: { columns, rows } }));
    expect([io.code, io.stderr.text]).toEqual([0, '']);
    expect(io.stdout.text).toContain('Done');
  });

  it('goes on when the display fails', async () => {
    const io = testIo({ terminal: { columns: 80, rows: 24 } });
    Object.defineProperty(io.stdout, 'columns', {
      get: () => {
        throw new RangeError('no columns');
      },
    });
    expect((await train(['--out', out], io)).code).toBe(0);
    expect(io.stderr.text).toBe('note: The display failed (no columns); training goes on.\n');
    expect(existsSync(join(out, 'checkpoints', 'last.safetensors'))).toBe(true);
  });
});

describe('Ctrl-C', () => {
  /** Sends a signal with each of the first `times` writes that tell of a step. */
  const interrupted = (signal: string, times = 1, terminal?: { columns: number; rows: number }): TestIo => {
    let sent = 0;
    const io: TestIo = testIo({
      ...(terminal && { terminal }),
      written: (written) => {
        if (/"type":"step"|tok\/s/.test(written) && sent++ < times) io.signals.emit(signal);
      },
    });
    return io;
  };
  const long = ['--max-iters', '1000000', '--eval-interval', '1000000', '--json'];

  it.each(['SIGINT', 'SIGTERM'])('%s stops the run, which can be resumed', async (signal) => {
    const io = await train(['--out', out, ...long], interrupted(signal));
    expect([io.code, io.exits]).toEqual([130, []]);
    const end = lines(io).at(-1)!;
    expect(end).toMatchObject({ type: 'end', reason: 'interrupted' });
    expect(io.signals.listenerCount(signal)).toBe(0);
    const more = String(end.step + 5);
    const resumed = await train(['--resume', '--out', out, '--max-iters', more, '--json', '--threads', '1']);
    expect(lines(resumed)[0]).toMatchObject({ type: 'start', step: end.step });
    expect(resumed.code).toBe(0);
  });

  it('says on a terminal that it stops, and how to resume', async () => {
    const io = interrupted('SIGINT', 1, { columns: 80, rows: 24 });
    await train(['--out', out, ...long.slice(0, -1)], io);
    expect(io.stdout.text).toContain('Stopping after this step, then saving.');
    expect(io.stdout.text).toMatch(
      /Stopped.* after [\d,]+ of 1,000,000 steps; everything is saved\.\nResume it with\n.*train --resume --out /,
    );
  });

  it('quits at once the second time', async () => {
    const io = await train(['--out', out, ...long], interrupted('SIGINT', 1));
    expect(io.exits).toEqual([]);
    const other = join(parent, 'other');
    const impatient: TestIo = testIo({
      written: (written) => {
        if (!written.includes('"type":"step"')) return;
        impatient.signals.emit('SIGINT');
        impatient.signals.emit('SIGINT');
      },
    });
    await train(['--out', other, ...long], impatient);
    expect(impatient.exits[0]).toBe(130);
  });

  it('quits at once while there is nothing to save yet', async () => {
    let sent = false;
    const io: TestIo = testIo({
      terminal: { columns: 80, rows: 24 },
      written: () => {
        if (!sent) io.signals.emit('SIGINT');
        sent = true;
      },
    });
    await train(['--out', out], io);
    expect(io.exits).toEqual([130]);
  });
});
