import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrainingRun } from '../../runs/training.ts';
import { run } from '../main.ts';
import { type TestIo, testIo } from '../testing/test-io.ts';
import { studio, studioBeside } from './studio.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanobard-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html>');
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('studio', () => {
  it.each(['SIGINT', 'SIGTERM'])('prints the address, answers, and stops at %s', async (signal) => {
    let answer: Promise<Response> | undefined;
    const io: TestIo = testIo({
      written: (text) => {
        answer = fetch(text.match(/http:\S+/)![0]);
        void answer.finally(() => io.signals.emit(signal)); // its connection is kept alive
      },
    });
    expect(await studio({ port: 0, open: true }, io, folder)).toBe(0);
    expect(io.stdout.text).toMatch(
      /^The studio is at http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{32}\nCtrl-C stops it\.\n$/,
    );
    expect((await answer!).status).toBe(200);
    expect([io.signals.listenerCount(signal), io.exits, io.stderr.text]).toEqual([0, [], '']);
  });

  it('opens no browser on a terminal with --no-open', async () => {
    const io: TestIo = testIo({
      terminal: { columns: 80, rows: 24 },
      written: () => queueMicrotask(() => io.signals.emit('SIGINT')),
    });
    expect(await studio({ port: 0, open: false }, io, folder)).toBe(0);
    expect(io.stderr.text).toBe('');
  });

  it('says that a port is taken, and names the flag', async () => {
    const io: TestIo = testIo({
      written: (text) => {
        const port = Number(text.match(/:(\d+)\//)![1]);
        void expect(studio({ port, open: false }, testIo(), folder))
          .rejects.toMatchObject({ message: `port ${port} is taken`, options: ['port'] })
          .finally(() => io.signals.emit('SIGINT'));
      },
    });
    await studio({ port: 0, open: false }, io, folder);
    expect.assertions(1);
  });

  it('beside a training is open at its run', async () => {
    const runs = join(folder, 'runs');
    const options = {
      recipe: 'bigram',
      data: 'plays',
      maxIters: 20,
      evalInterval: 20,
      evalIters: 1,
      threads: 1,
    };
    const training = await TrainingRun.create({ ...options, folder: join(runs, 'mine') });
    const io = testIo();
    const server = await studioBeside(runs, 'mine', io, folder);
    const url = new URL(/http:\S+/.exec(io.stderr.text)![0]);
    const { tab, run, token } = Object.fromEntries(url.searchParams);
    expect([tab, run]).toEqual(['runs', 'mine']);
    const list = async () => (await fetch(new URL(`/api/runs?token=${token}`, url))).json();
    expect(await list()).toMatchObject({ folder: runs, runs: [{ name: 'mine', state: 'training' }] });
    for await (const _ of training.events());
    expect(await list()).toMatchObject({ runs: [{ name: 'mine', state: 'finished', step: 20 }] });
    await server?.close();
  });

  it('beside a training that has no page is told, and the training goes on', async () => {
    const io = testIo();
    expect(await studioBeside('runs', 'mine', io, join(folder, 'nothing'))).toBeUndefined();
    expect(io.stderr.text).toMatch(/The studio could not be opened: there is no studio in/);
  });

  it.each([['-1'], ['65536'], ['80.5'], ['http']])('--port %s is wrong usage', async (port) => {
    const io = testIo();
    expect(await run(['studio', `--port=${port}`], io)).toBe(2);
    expect(io.stderr.text).toMatch(/^error: option '--port <n>' argument/);
  });
});
