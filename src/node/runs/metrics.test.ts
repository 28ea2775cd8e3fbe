import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EvalEvent, StepEvent } from '../../language/train/events.ts';
import { linesUpTo, Metrics } from './metrics.ts';

const step = (number: number): StepEvent => ({
  type: 'step',
  step: number,
  loss: 1,
  learningRate: 1,
  gradNorm: 1,
  ms: 1,
  tokensPerSecond: 1,
});
const evaluation = (number: number): EvalEvent => ({
  ...{ type: 'eval', step: number, train: 1, val: 1, valFull: 1, bitsPerByte: 1, best: false, ms: 1 },
});

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanobard-'));
  path = join(folder, 'metrics.jsonl');
});

afterEach(() => rm(folder, { recursive: true }));

const events = async (): Promise<object[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

describe('Metrics', () => {
  it('are written in pieces, anything but a step at once', async () => {
    const metrics = new Metrics(path);
    expect([1, 2].map((number) => metrics.add(step(number)))).toEqual([false, false]);
    await expect(readFile(path)).rejects.toThrow('ENOENT'); // not yet
    expect(metrics.add(evaluation(2))).toBe(true);
    await metrics.flush();
    await metrics.flush();
    expect(await events()).toEqual([step(1), step(2), evaluation(2)]);
    let due = 0;
    for (let number = 3; number <= 1000; number++) if (metrics.add(step(number))) due++;
    expect(due).toBeGreaterThan(0);
  });

  it('keep what cannot be written, and write it once when it can', async () => {
    const metrics = new Metrics(path);
    metrics.add(evaluation(1));
    await metrics.flush();
    await rm(path);
    await mkdir(path); // nothing can be written there
    metrics.add(evaluation(2));
    await expect(metrics.flush()).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining(`${path} cannot be written: `),
    });
    metrics.add(evaluation(3));
    await expect(metrics.flush()).rejects.toMatchObject({ code: 'file' });
    await rmdir(path);
    await writeFile(path, `${JSON.stringify(evaluation(1))}\n{"type":"eval","st`); // written in part
    await metrics.flush();
    expect(await events()).toEqual([1, 2, 3].map(evaluation));
  });

  it('keep no more than some megabytes of it, the newest', async () => {
    await mkdir(path);
    const metrics = new Metrics(path);
    let tries = 0;
    for (let number = 1; number <= 150_000; number++) {
      if (!metrics.add(step(number))) continue;
      tries++;
      await metrics.flush().catch(() => {});
    }
    expect(tries).toBeLessThan(40);
    await rmdir(path);
    await metrics.flush();
    const kept = await events();
    expect(kept.length).toBeLessThan(140_000);
    expect(kept.slice(-2)).toEqual([step(149_999), step(150_000)]);
  });

  it('lose what comes after the place where a run goes on, and a line that was cut short', async () => {
    const metrics = new Metrics(path);
    for (const event of [step(1), step(2), evaluation(2), step(3), step(4), evaluation(4)])
      metrics.add(event);
    await metrics.flush();
    await writeFile(path, '{"type":"step","st', { flag: 'a' }); // a crash
    const again = new Metrics(path);
    await again.rewind({ step: 4, evaluated: false });
    expect(await events()).toEqual([step(1), step(2), evaluation(2), step(3), step(4)]);
    await again.rewind({ step: 2, evaluated: true });
    again.add(step(3));
    await again.flush();
    expect(await events()).toEqual([step(1), step(2), evaluation(2), step(3)]);
  });

  it('have every line whole, wherever a crash cuts them', () => {
    const lines = [step(1), evaluation(1), step(2)].map((event) => `${JSON.stringify(event)}\n`);
    const whole = lines.join('');
    fc.assert(
      fc.property(fc.nat({ max: whole.length }), (length) => {
        const kept = linesUpTo(whole.slice(0, length), { step: 9, evaluated: true });
        expect(whole.startsWith(kept)).toBe(true);
        expect(whole.slice(kept.length, length).includes('}\n')).toBe(false);
      }),
    );
  });
});
