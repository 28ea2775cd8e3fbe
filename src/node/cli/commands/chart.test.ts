import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TrainingRun } from '../../runs/training.ts';
import { run } from '../main.ts';
import { testIo } from '../testing/test-io.ts';

let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  for (const name of ['one', 'two & more']) {
    const options = {
      recipe: 'bigram',
      data: 'plays',
      maxIters: 40,
      evalInterval: 20,
      evalIters: 1,
      threads: 1,
    };
    const training = await TrainingRun.create({ ...options, folder: join(parent, name) });
    for await (const _ of training.events());
  }
});

afterAll(async () => {
  await rm(parent, { recursive: true });
});

it('draws the losses of runs, of steps and of evaluations, into a file', async () => {
  const output = join(parent, 'losses.svg');
  const io = testIo();
  const runs = ['one', 'two & more'].map((name) => join(parent, name));
  expect(await run(['chart', ...runs, '-o', output], io)).toBe(0);
  expect(io.stdout.text).toBe(`${output}\n`);
  const svg = await readFile(output, 'utf8');
  expect(svg).toMatch(/^<svg xmlns/);
  expect(svg).toContain('two &#38; more');
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) => points!.split(' '));
  expect(lines.map(({ length }) => length)).toEqual([40, 2, 40, 2]);
  const heights = lines[1]!.map((point) => Number(point.split(',')[1]));
  expect(heights[1]).toBeGreaterThan(heights[0]!); // the loss falls, and y points down
});

it('draws onto standard output, and says what is no run', async () => {
  const io = testIo();
  expect(await run(['chart', join(parent, 'one')], io)).toBe(0);
  expect(io.stdout.text).toMatch(/^<svg[\s\S]*<\/svg>\n$/);
  const other = testIo();
  expect(await run(['chart', join(parent, 'none')], other)).toBe(1);
  expect(other.stderr.text).toContain('is not the folder of a run');
});
