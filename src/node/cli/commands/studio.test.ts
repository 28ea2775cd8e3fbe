import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../main.ts';
import { type TestIo, testIo } from '../testing/test-io.ts';
import { studio } from './studio.ts';

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

  it.each([['-1'], ['65536'], ['80.5'], ['http']])('--port %s is wrong usage', async (port) => {
    const io = testIo();
    expect(await run(['studio', `--port=${port}`], io)).toBe(2);
    expect(io.stderr.text).toMatch(/^error: option '--port <n>' argument/);
  });
});
