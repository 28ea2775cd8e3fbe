import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../language/formats/safetensors.ts';
import { chooseRecipe } from '../../language/recipes/choose.ts';
import type { CurveData } from '../../language/train/curve.ts';
import type { RunSummary } from '../runs/run-summary.ts';
import { type Studio, serveStudio } from './server.ts';

let parent: string;
let root: string;
let studio: Studio;
let port: number;
let token: string;

const config = (recipeName: string) => ({
  ...{ nanobard: '0.1.0', recipeName, recipe: chooseRecipe('bigram') },
  data: { source: 'text.txt', name: 'text', sha256: '0'.repeat(64), characters: 3 },
});

const step = (step: number) =>
  `{"type":"step","step":${step},"loss":${4 / Math.sqrt(step)},"learningRate":0.001,"gradNorm":1,"ms":2,"tokensPerSecond":1000}\n`;
const evaluation = (step: number, val: number) =>
  `{"type":"eval","step":${step},"train":2,"val":${val},"valFull":${val},"best":true,"ms":3}\n`;
const end = (step: number, reason: string) =>
  `{"type":"end","step":${step},"reason":"${reason}","bestVal":2,"bestStep":2,"trainSeconds":1,"seconds":1}\n`;

const model = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));

async function makeRun(name: string, metrics: string, recipeName = 'bigram'): Promise<void> {
  await mkdir(join(root, name, 'samples'), { recursive: true });
  await writeFile(join(root, name, 'config.json'), JSON.stringify(config(recipeName)));
  await writeFile(join(root, name, 'metrics.jsonl'), metrics);
}

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  root = join(parent, 'runs');
  await makeRun('finished', step(1) + step(2) + evaluation(2, 2.5) + step(3) + end(3, 'finished'));
  await makeRun('cut', `${step(1)}${step(2)}{"type":"st`);
  await makeRun('diverged', step(1) + end(1, 'diverged'));
  await makeRun('Rübe & co', step(1) + end(1, 'interrupted'));
  await writeFile(join(root, 'finished', 'model.safetensors'), model);
  await writeFile(join(root, 'finished', 'samples', 'step-3.txt'), 'O Romeo');
  await makeRun('broken', '');
  await writeFile(join(root, 'broken', 'config.json'), '{"nano');
  await mkdir(join(root, 'no-run'));
  // What lies outside, and ways that lead there.
  await mkdir(join(parent, 'outside', 'samples'), { recursive: true });
  await writeFile(join(parent, 'outside', 'config.json'), JSON.stringify(config('secret')));
  await writeFile(join(parent, 'outside', 'model.safetensors'), 'secret');
  await symlink(join(parent, 'outside'), join(root, 'link'));
  await makeRun('links', step(1));
  await symlink(join(parent, 'outside', 'model.safetensors'), join(root, 'links', 'model.safetensors'));
  await makeRun('.hidden', step(1));
  await mkdir(join(parent, 'page'));
  await writeFile(join(parent, 'page', 'index.html'), '<!doctype html>');
  studio = await serveStudio({ folder: join(parent, 'page'), port: 0, runs: root });
  const url = new URL(studio.url);
  port = Number(url.port);
  token = url.searchParams.get('token')!;
});

afterAll(async () => {
  await studio.close();
  await rm(parent, { recursive: true });
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request whose path is sent as it stands. */
function call(path: string, { method = 'GET', headers = {}, given = token } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const all = { ...(given !== '' && { authorization: `Bearer ${given}` }), ...headers };
    request({ host: '127.0.0.1', port, path, method, headers: all, agent: false }, (response) => {
      textOf(response).then(
        (body) => resolve({ status: response.statusCode!, headers: response.headers, body }),
        reject,
      );
    })
      .on('error', reject)
      .end();
  });
}

const list = async (): Promise<readonly RunSummary[]> => JSON.parse((await call('/api/runs')).body).runs;

describe('runs', () => {
  it('are listed with how they stand, and why they ended', async () => {
    const runs = Object.fromEntries((await list()).map((run) => [run.name, run]));
    expect(Object.keys(runs).sort()).toEqual(['Rübe & co', 'broken', 'cut', 'diverged', 'finished', 'links']);
    expect(runs.finished).toMatchObject({
      state: 'finished',
      step: 3,
      bestVal: 2.5,
      bestStep: 2,
      hasModel: true,
    });
    expect(runs.cut).toMatchObject({ state: 'cut', step: 2, bestVal: null, hasModel: false });
    expect(runs.diverged).toMatchObject({ state: 'diverged', step: 1 });
    expect(runs.broken).toMatchObject({ state: 'damaged', problem: expect.stringContaining('is damaged') });
    expect(runs.links).toMatchObject({ hasModel: true }); // somebody's own link; it is not followed for others
  });

  it('have curves and samples, whatever they are called', async () => {
    const { body } = await call('/api/runs/finished/curve');
    const { steps, evals, samples, end } = JSON.parse(body) as CurveData;
    expect([steps.step, evals.length, samples, end?.reason]).toEqual([
      [1, 2, 3],
      1,
      [{ type: 'sample', step: 3, text: 'O Romeo' }],
      'finished',
    ]);
    const other = await call(`/api/runs/${encodeURIComponent('Rübe & co')}/curve`);
    expect(JSON.parse(other.body).steps.step).toEqual([1]);
  });

  it.each([
    ['', 401],
    ['0'.repeat(32), 401],
    ['x', 401],
  ])('are for those who know the token: not "%s"', async (given, status) => {
    for (const path of ['/api/runs', '/api/watch', '/api/runs/finished/model.safetensors'])
      expect((await call(path, { given })).status).toBe(status);
    expect((await call('/api/runs/finished/remove', { given, method: 'POST' })).status).toBe(status);
    expect((await call(`/api/runs?token=${given}`, { given: '' })).status).toBe(status);
    expect((await call(`/api/runs?token=${token}`, { given: '' })).status).toBe(200);
  });

  it('are for this page alone, token or not', async () => {
    const { status } = await call('/api/runs', { headers: { origin: 'http://evil.example' } });
    expect(status).toBe(403);
  });

  it.each([
    '/api/runs/link/model.safetensors',
    '/api/runs/link/curve',
    '/api/runs/links/model.safetensors',
    '/api/runs/.hidden/curve',
    '/api/runs/no-run/curve',
    '/api/runs/../outside/curve',
    '/api/runs/..%2foutside/model.safetensors',
    '/api/runs/%2e%2e/curve',
    '/api/runs/finished%00/curve',
    '/api/runs/finished/config.json',
    '/api/runs/finished/..%2f..%2foutside%2fmodel.safetensors',
    '/api/runs/finished/samples/step-3.txt',
    '/api/runs/%ff/curve',
    '/api/nothing',
  ])('and nothing else can be had: %s', async (path) => {
    const { status, body } = await call(path);
    expect([404, 500]).toContain(status);
    expect(body).not.toContain('secret');
  });

  it('cannot be left by any name', async () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '/',
      '%2e',
      '%2f',
      '%5c',
      '\\',
      'outside',
      'link',
      'finished',
      'x',
      '%00',
    );
    const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(name, async (path) => {
        const { body } = await call(`/api/runs/${path}/model.safetensors`);
        expect(body).not.toContain('secret');
      }),
      { numRuns: 60 },
    );
  });
});

describe('models', () => {
  it('are sent in parts', async () => {
    const get = (range: string) => call('/api/runs/finished/model.safetensors', { headers: { range } });
    expect(await get('bytes=0-3')).toMatchObject({
      status: 206,
      headers: { 'content-range': 'bytes 0-3/1000', 'content-length': '4' },
    });
    expect((await get('bytes=-10')).headers['content-range']).toBe('bytes 990-999/1000');
    expect((await get('bytes=990-')).headers['content-range']).toBe('bytes 990-999/1000');
    expect((await get('bytes=990-5000')).headers['content-range']).toBe('bytes 990-999/1000');
    expect((await get('bytes=1000-')).status).toBe(416);
    for (const whole of ['', 'lines=0-3', 'bytes=5-2', 'bytes=0-1,3-4'])
      expect((await get(whole)).headers['content-length']).toBe('1000');
  });
});

describe('changes', () => {
  it('rename a run, unless there is another of that name, or the name leads away', async () => {
    await makeRun('before', step(1) + end(1, 'finished'));
    const rename = (to: string) =>
      call(`/api/runs/before/rename?to=${encodeURIComponent(to)}`, { method: 'POST' });
    for (const to of ['', '.x', '../x', 'a/b', 'finished', 'link'])
      expect((await rename(to)).status).toBe(404);
    expect((await rename('after this')).status).toBe(200);
    expect((await list()).map(({ name }) => name)).toContain('after this');
    expect((await call('/api/runs/before/curve')).status).toBe(404);
  });

  it('move a run to the bin, beside others of its name', async () => {
    for (const place of ['again', 'again-2']) {
      await makeRun('again', step(1) + end(1, 'finished'));
      const { body } = await call('/api/runs/again/remove', { method: 'POST' });
      expect(JSON.parse(body)).toEqual({ movedTo: join(root, '.trash', place) });
      expect(await readFile(join(root, '.trash', place, 'metrics.jsonl'), 'utf8')).toContain('step');
    }
    expect((await list()).map(({ name }) => name)).not.toContain('again');
  });

  it('leave a run alone that is being written', async () => {
    await makeRun('live', step(1));
    await writeFile(
      join(
        root,
        'live',
        `lock.${process.pid}..abcd.${encodeURIComponent((await import('node:os')).hostname())}`,
      ),
      '',
    );
    expect((await list()).find(({ name }) => name === 'live')?.state).toBe('training');
    for (const what of ['remove', 'rename?to=x']) {
      const { status, body } = await call(`/api/runs/live/${what}`, { method: 'POST' });
      expect([status, JSON.parse(body).message]).toEqual([404, 'the run live is being trained']);
    }
  });

  it('are not made by looking', async () => {
    expect((await call('/api/runs/finished/remove')).status).toBe(404);
    expect((await call('/api/runs/finished/curve')).status).toBe(200);
  });
});

describe('who watches', () => {
  it('hears of each change within a second', async () => {
    await makeRun('watched', step(1));
    const controller = new AbortController();
    const { body } = await fetch(`http://127.0.0.1:${port}/api/watch?token=${token}`, controller);
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toContain('watching');
    await new Promise((resolve) => setTimeout(resolve, 400));
    const begin = performance.now();
    await appendFile(join(root, 'watched', 'metrics.jsonl'), step(2));
    expect((await reader.read()).value).toContain('event: changed');
    expect(performance.now() - begin).toBeLessThan(1000);
    controller.abort();
    await reader.read().catch(() => {});
  });
});

describe('much', () => {
  it('100,000 steps come as a curve that can be drawn; what is added since, too; a shorter file is read anew', async () => {
    const count = 100_000;
    await makeRun('long', Array.from({ length: count }, (_, i) => step(i + 1)).join(''));
    const curve = async (): Promise<CurveData> => JSON.parse((await call('/api/runs/long/curve')).body);
    const begin = performance.now();
    const first = await curve();
    console.log(`100,000 steps: ${(performance.now() - begin).toFixed(0)} ms`);
    expect(first.steps.step.length).toBeLessThanOrEqual(2048);
    expect([first.steps.step.at(-1), first.steps.lossMax[0], Math.min(...first.steps.lossMin)]).toEqual([
      count,
      4,
      4 / Math.sqrt(count),
    ]);
    const path = join(root, 'long', 'metrics.jsonl');
    await appendFile(path, step(count + 1).slice(0, 20)); // half a line
    expect((await curve()).steps.step.at(-1)).toBe(count);
    await appendFile(path, step(count + 1).slice(20));
    const again = performance.now();
    expect((await curve()).steps.step.at(-1)).toBe(count + 1);
    expect(performance.now() - again).toBeLessThan(200);
    await writeFile(path, step(1));
    expect((await curve()).steps.step).toEqual([1]);
  });

  it('the best evaluation of a run is known where it lies far back in its metrics', async () => {
    await makeRun('far', evaluation(1, 1.25) + Array.from({ length: 3000 }, (_, i) => step(i + 1)).join(''));
    await mkdir(join(root, 'far', 'checkpoints'));
    const progress = JSON.stringify({ bestVal: 1.25, bestStep: 1 });
    const bytes = encodeSafetensors(new Map(), { 'nanobard.progress': progress });
    await writeFile(join(root, 'far', 'checkpoints', 'last.safetensors'), bytes);
    const far = async () => (await list()).find(({ name }) => name === 'far');
    expect(await far()).toMatchObject({ bestVal: 1.25, bestStep: 1, step: 3000 });
    await writeFile(join(root, 'far', 'checkpoints', 'last.safetensors'), bytes.subarray(0, 20)); // half written
    await appendFile(join(root, 'far', 'metrics.jsonl'), step(3001));
    expect(await far()).toMatchObject({ bestVal: null, bestStep: null, step: 3001 });
  });

  it('50 runs are listed at once', async () => {
    const metrics = Array.from({ length: 3000 }, (_, i) => step(i + 1)).join('') + evaluation(3000, 1.5);
    for (let i = 0; i < 50; i++) await makeRun(`many-${i}`, metrics);
    const begin = performance.now();
    const runs = await list();
    console.log(`50 runs: ${(performance.now() - begin).toFixed(0)} ms`);
    expect(runs.filter(({ name, bestVal }) => name.startsWith('many-') && bestVal === 1.5)).toHaveLength(50);
  });
});
